using EdgeML.Benchmarks.Processes;
using EdgeML.Benchmarks.Subjects;

namespace EdgeML.Benchmarks.Targets;

/// <summary>Bytes that a warm edge process allocates per task.</summary>
static class AllocationTarget
{
    public const string Name = "allocation";

    const int WarmUp = 1000;
    const int Tasks = 10_000;
    const double LocalBytes = 8;
    const double OffloadedBytes = 64;

    public static IEnumerable<TargetRow> Measure(BenchmarkModels models)
    {
        var run = new EdgeRun { Package = models.Shipped, WarmUp = WarmUp, Tasks = Tasks, LearningBudget = 0.2 };
        var local = EdgeProcess.Start(run);
        yield return Row(
            "edge process, local: bytes allocated per task", local, local.AllocatedBytesPerTask < LocalBytes && local.Collections == 0,
            $"< {LocalBytes} B, no collection");

        using var tail = new TailProcess(models.Shipped);
        var offloaded = EdgeProcess.Start(run with { TailPort = tail.Port, AlwaysOffload = true });
        bool holds = offloaded.AllocatedBytesPerTask < OffloadedBytes && offloaded.OldCollections == 0
            && offloaded.Offloaded > Tasks * 9 / 10;
        yield return Row("edge process, offloaded: bytes allocated per task", offloaded, holds, $"< {OffloadedBytes} B, no gen-2 collection");
    }

    static TargetRow Row(string what, EdgeRunResult result, bool holds, string target) => new(
        what,
        $"{result.AllocatedBytesPerTask:0.00} B, {result.Collections} collections, {result.OldCollections} of gen 2 " +
            $"({Tasks} tasks after {WarmUp}, {result.Offloaded} by the tail, {result.LearnSteps} learn steps, " +
            $"{result.Measurements} measurements)",
        target,
        holds && result.LearnSteps > 0 && result.Measurements > 0 ? Verdict.Holds : Verdict.Missed);
}
