using EdgeML.Benchmarks.Processes;
using EdgeML.Benchmarks.Subjects;

namespace EdgeML.Benchmarks.Targets;

/// <summary>The time of deciding and learning as a share of the time tasks take, with a tail on this machine.</summary>
static class ControlShareTarget
{
    public const string Name = "control";

    const double LargestShare = 0.02;

    public static IEnumerable<TargetRow> Measure(BenchmarkModels models)
    {
        using var tail = new TailProcess(models.Shipped);
        var run = new EdgeRun { Package = models.Shipped, WarmUp = 1000, Tasks = 9000, TailPort = tail.Port };
        yield return Row("deciding and learning / task time, this machine as it is", EdgeProcess.Start(run));
        var emulated = EdgeProcess.Start(run with { WarmUp = 100, Tasks = 500, Emulate = true });
        yield return Row($"deciding and learning / task time, the demo's edge ({emulated.Slowdown:0.0} times slower)", emulated);
    }

    static TargetRow Row(string what, EdgeRunResult result) => TargetRow.AtMost(
        what, result.ControlShare, LargestShare,
        $"{100 * result.ControlShare:0.00} %, warm {100 * result.ControlShareWhenWarm:0.00} % " +
            $"({result.Decisions} decisions of {result.DecideMicros:0.0} µs, {result.LearnSteps} learn steps of " +
            $"{result.LearnMicros:0} µs, tasks of {result.MeanLatencyMs:0.00} ms)",
        "< 2 %");
}
