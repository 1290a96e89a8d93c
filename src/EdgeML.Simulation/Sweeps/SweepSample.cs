using EdgeML.Native.Control.Observations;
using EdgeML.Simulation.Replay;
using EdgeML.Simulation.Worlds;

namespace EdgeML.Simulation.Sweeps;

/// <summary>The kept results of one seed of one row, without the tasks.</summary>
/// <param name="Metrics">Over the whole run.</param>
/// <param name="Adaptations">Tasks after every change of the link until bounds were met again.</param>
/// <param name="FirstLow">Tasks between the first and the second change of the link: the first low period of S2, S3 and S6.</param>
/// <param name="SecondLow">Tasks between the third change and the fourth: the second one.</param>
sealed record SweepSample(
    ReplayMetrics Metrics, IReadOnlyList<double> Adaptations, SweepSample.Period FirstLow, SweepSample.Period SecondLow)
{
    /// <summary>Decisions whose tasks <see cref="FirstEpochs"/> is of.</summary>
    public const int Epochs = 200;

    /// <summary>Means of some tasks; NaN where there are none.</summary>
    /// <param name="LatencyMs">Latency.</param>
    /// <param name="Energy">Energy, in the unit of the bound.</param>
    /// <param name="Exit">Index of the exits that answered.</param>
    /// <param name="Satisfied">Share inside both bounds.</param>
    public readonly record struct Period(double LatencyMs, double Energy, double Exit = double.NaN, double Satisfied = double.NaN);

    /// <summary>Share of satisfied tasks within the first 200 decisions, which the paper calls epochs.</summary>
    public double FirstEpochs { get; init; } = double.NaN;

    /// <summary>Tasks after the last change of the link.</summary>
    public Period Last { get; init; } = s_none;

    /// <summary>Processor time of the run, milliseconds.</summary>
    public double TookMs { get; init; }

    static readonly Period s_none = new(double.NaN, double.NaN);

    internal static SweepSample Of(ReplayResult result)
    {
        VirtualRun run = result.Run;
        IReadOnlyList<int> changes = result.Scenario.Link.ChangesBefore(run.Records.Count);
        Period Low(int change) => changes.Count > change ? Between(run, changes[change], To(change)) : s_none;
        int To(int change) => changes.Count > change + 1 ? changes[change + 1] : run.Records.Count;
        int epochs = run.Decisions.Count > Epochs ? run.Decisions[Epochs].FirstTask : run.Records.Count;
        return new(result.Metrics, result.Adaptations, Low(0), Low(2))
        {
            FirstEpochs = run.SatisfactionOf(0, epochs),
            Last = changes.Count > 0 ? Between(run, changes[^1], run.Records.Count) : s_none,
        };
    }

    /// <summary>As numbers, for a journal.</summary>
    internal IEnumerable<double> ToNumbers() =>
    [
        TookMs, FirstEpochs, .. Numbers(FirstLow), .. Numbers(SecondLow), .. Numbers(Last),
        .. ReplayMetrics.Columns.Select(column => column.Value(Metrics)), .. Adaptations,
    ];

    /// <summary>From the result of <see cref="ToNumbers"/>; null where numbers are missing.</summary>
    internal static SweepSample? FromNumbers(ReadOnlySpan<double> numbers)
    {
        int metrics = ReplayMetrics.Columns.Count;
        if (numbers.Length < 14 + metrics) return null;
        double[] adaptations = [.. numbers[(14 + metrics)..]];
        return new(ReplayMetrics.From(numbers.Slice(14, metrics)), adaptations, PeriodOf(numbers[2..]), PeriodOf(numbers[6..]))
        {
            TookMs = numbers[0],
            FirstEpochs = numbers[1],
            Last = PeriodOf(numbers[10..]),
        };
    }

    static double[] Numbers(Period period) => [period.LatencyMs, period.Energy, period.Exit, period.Satisfied];

    static Period PeriodOf(ReadOnlySpan<double> numbers) => new(numbers[0], numbers[1], numbers[2], numbers[3]);

    static Period Between(VirtualRun run, int from, int to)
    {
        (double latency, double energy, double exits) = (0, 0, 0);
        for (int i = from; i < to; i++)
        {
            TaskRecord record = run.Records[i];
            (latency, energy, exits) = (latency + record.LatencyMs, energy + record.EnergyJ, exits + record.Exit);
        }
        int tasks = to - from;
        return new Period(latency / tasks, energy / tasks, exits / tasks, run.SatisfactionOf(from, to));
    }
}
