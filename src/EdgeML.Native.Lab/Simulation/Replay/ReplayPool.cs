namespace EdgeML.Native.Lab.Simulation.Replay;

/// <summary>Several seeds of one controller taken together: means over seeds with 95 % intervals by Student's t.</summary>
public sealed class ReplayPool
{
    // 97.5 % quantiles of Student's t for 1, 2, ... degrees of freedom.
    static readonly double[] s_student =
    [
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
        2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
    ];

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
    public double AdaptationTasks => ReplayJudge.Median([.. _results.SelectMany(result => result.Adaptations)]);

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
        double student = values.Length - 1 <= s_student.Length ? s_student[values.Length - 2] : 1.960;
        return (mean, student * Math.Sqrt(variance / values.Length));
    }
}
