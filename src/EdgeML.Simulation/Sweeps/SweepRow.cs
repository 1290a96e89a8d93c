using EdgeML.Native.Numerics;
using EdgeML.Simulation.Replay;

namespace EdgeML.Simulation.Sweeps;

/// <summary>One controller in one cell, all seeds.</summary>
/// <param name="Controller">Its name.</param>
/// <param name="Samples">By seed, from 1.</param>
sealed record SweepRow(string Controller, IReadOnlyList<SweepSample> Samples)
{
    /// <summary>Mean of a number over the seeds, and half the width of its 95 % interval; NaN for one seed.</summary>
    public (double Mean, double HalfWidth) Of(Func<ReplayMetrics, double> number) =>
        ReplayPool.Interval([.. Samples.Select(sample => number(sample.Metrics)).Where(double.IsFinite)]);

    /// <summary>Mean over the seeds.</summary>
    public double Goodput => Of(metrics => metrics.Goodput).Mean;

    /// <summary>Of the first 100 tasks.</summary>
    public double First => Of(metrics => metrics.GoodputFirst100).Mean;

    /// <summary>Of the tasks after them.</summary>
    public double After => Of(metrics => metrics.GoodputAfter100).Mean;

    /// <summary>Median over all changes of the link in all seeds.</summary>
    public double Adaptation => Statistics.Median(Samples.SelectMany(sample => sample.Adaptations));
}
