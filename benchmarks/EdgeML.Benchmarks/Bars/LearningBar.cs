using EdgeML.Benchmarks.Subjects;

namespace EdgeML.Benchmarks.Bars;

/// <summary>What the learner takes.</summary>
static class LearningBar
{
    public const string Name = "learning";

    const double LargestActMicros = 5;
    const double LargestLearnMicros = 150;

    public static IEnumerable<BarRow> Measure(BenchmarkModels models)
    {
        var subject = new LearnerSubject();
        double act = Interleaved.PerCall(() => subject.Act(), callsPerRound: 200);
        yield return BarRow.AtMost($"DDPG chooses an action ({subject.Sizes})", act, LargestActMicros, $"{act:0.00} us", $"<= {LargestActMicros} us");
        double learn = Interleaved.PerCall(subject.Learn, callsPerRound: 1, rounds: 3000);
        yield return BarRow.AtMost($"DDPG learns from a batch of {subject.Batch}", learn, LargestLearnMicros, $"{learn:0.0} us", $"<= {LargestLearnMicros} us");
        var planner = new PlannerSubject(models.Shipped);
        double plan = Interleaved.PerCall(() => planner.Plan(), callsPerRound: 50);
        yield return BarRow.Info($"the planner makes a full plan ({planner.Sizes})", $"{plan:0.0} us");
    }
}
