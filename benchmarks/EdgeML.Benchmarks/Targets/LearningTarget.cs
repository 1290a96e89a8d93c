using EdgeML.Benchmarks.Subjects;
using EdgeML.Native.Control.Controllers;

namespace EdgeML.Benchmarks.Targets;

/// <summary>The times of the learner.</summary>
static class LearningTarget
{
    public const string Name = "learning";

    const double LargestActMicros = 5;
    const double LargestLearnMicros = 150;
    const double LargestDecideMicros = 20;
    // The runtime compiles for good what has run for a tenth of a second; before that a decision takes longer.
    const int DecidedTasks = 40_000;

    public static IEnumerable<TargetRow> Measure(BenchmarkModels models)
    {
        var subject = new LearnerSubject();
        double act = Interleaved.PerCall(() => subject.Act(), callsPerRound: 200);
        yield return TargetRow.AtMost($"DDPG chooses an action ({subject.Sizes})",
            act, LargestActMicros, $"{act:0.00} µs", $"<= {LargestActMicros} µs");
        double learn = Interleaved.PerCall(subject.Learn, callsPerRound: 1, rounds: 3000);
        yield return TargetRow.AtMost($"DDPG learns from a batch of {subject.Batch}",
            learn, LargestLearnMicros, $"{learn:0.0} µs", $"<= {LargestLearnMicros} µs");
        (double decide, double often) = new ControllerSubject(models.Shipped, PolicyControllers.EdgeML).Measure(DecidedTasks);
        yield return TargetRow.AtMost("edgeml decides, the link another one every fourth task", decide, LargestDecideMicros,
            $"{decide:0.0} µs, {often:0.00} decisions per task", $"<= {LargestDecideMicros} µs");
        var planner = new PlannerSubject(models.Shipped);
        double plan = Interleaved.PerCall(() => planner.Plan(), callsPerRound: 50);
        yield return TargetRow.Info($"the planner makes a full plan ({planner.Sizes})", $"{plan:0.0} µs");
    }
}
