using EdgeML.Native.Control;
using EdgeML.Native.Lab.Simulation.Replay;

namespace EdgeML.Native.Lab.Experiments;

/// <summary>What is kept of one seed of one row; the tasks themselves are not.</summary>
/// <param name="Metrics">Over the whole run.</param>
/// <param name="Adaptations">Tasks after every change of the link until bounds were met again.</param>
/// <param name="FirstLow">Tasks 200 to 399, the first low period of S3; NaN in shorter runs.</param>
/// <param name="SecondLow">Tasks 600 to 799, the second one.</param>
public sealed record MatrixSample(
    ReplayMetrics Metrics, IReadOnlyList<double> Adaptations, MatrixSample.Period FirstLow, MatrixSample.Period SecondLow)
{
    /// <summary>Means of some tasks.</summary>
    /// <param name="LatencyMs">Latency.</param>
    /// <param name="Energy">Energy, in the unit of the bound.</param>
    public readonly record struct Period(double LatencyMs, double Energy);

    internal static MatrixSample Of(ReplayResult result) =>
        new(result.Metrics, result.Adaptations, Between(result.Run.Records, 200, 400), Between(result.Run.Records, 600, 800));

    static Period Between(IReadOnlyList<TaskRecord> records, int from, int to)
    {
        if (records.Count < to) return new Period(double.NaN, double.NaN);
        (double latency, double energy) = (0, 0);
        for (int i = from; i < to; i++) (latency, energy) = (latency + records[i].LatencyMs, energy + records[i].EnergyJ);
        return new Period(latency / (to - from), energy / (to - from));
    }
}
