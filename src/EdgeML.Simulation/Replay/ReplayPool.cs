using EdgeML.Native.Numerics;

namespace EdgeML.Simulation.Replay;

/// <summary>Several seeds of one controller taken together: means over seeds with 95 % intervals by Student's t.</summary>
public sealed class ReplayPool
{
    const double Confidence = 0.95;

    readonly IReadOnlyList<ReplayResult> _results;

    /// <summary>Pools results.</summary>
    /// <param name="results">At least one.</param>
    /// <exception cref="ArgumentException">None.</exception>
    public ReplayPool(IReadOnlyList<ReplayResult> results)
    {
        ArgumentNullException.ThrowIfNull(results);
        if (results.Count == 0) throw new ArgumentException("no results to pool");
        _results = results;
    }

    /// <summary>The results by seed.</summary>
    public IReadOnlyList<ReplayResult> Results => _results;

    /// <summary>Median over all changes of the link in all seeds; NaN where there are none.</summary>
    public double AdaptationTasks => Statistics.Median(_results.SelectMany(result => result.Adaptations));

    /// <summary>Mean of a number over the seeds that have it, and half the width of its 95 % interval; NaN where there is none.</summary>
    public (double Mean, double HalfWidth) Of(Func<ReplayMetrics, double> number) =>
        Interval([.. _results.Select(result => number(result.Metrics)).Where(double.IsFinite)]);

    /// <summary>Mean of finite values and half the width of its 95 % interval; NaN where there is none.</summary>
    internal static (double Mean, double HalfWidth) Interval(double[] values)
    {
        if (values.Length == 0) return (double.NaN, double.NaN);
        double mean = values.Average();
        if (values.Length == 1) return (mean, double.NaN);
        double variance = values.Sum(value => (value - mean) * (value - mean)) / (values.Length - 1);
        return (mean, StudentT.Within(Confidence, values.Length - 1) * Math.Sqrt(variance / values.Length));
    }
}
