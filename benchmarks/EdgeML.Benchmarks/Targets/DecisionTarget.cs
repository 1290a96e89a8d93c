using EdgeML.Benchmarks.Subjects;

namespace EdgeML.Benchmarks.Targets;

/// <summary>The time of an exit's decision.</summary>
static class DecisionTarget
{
    public const string Name = "decision";

    const double LargestMicros = 0.3;

    public static IEnumerable<TargetRow> Measure()
    {
        var subject = new DecisionSubject();
        double call = Interleaved.PerCall(subject.Decide, callsPerRound: 2000);
        double nothing = Interleaved.PerCall(() => subject.Nothing(), callsPerRound: 2000);
        yield return TargetRow.AtMost(
            "exit decision, 10 classes, called from C#", call, LargestMicros,
            $"{call:0.000} µs ({nothing:0.000} µs of it the call itself, {call - nothing:0.000} µs the decision with its checks)",
            $"<= {LargestMicros} µs");
    }
}
