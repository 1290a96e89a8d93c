namespace EdgeML.Native.Numerics;

/// <summary>Quantiles of samples by the second definition of Hyndman and Fan (1996): the inverse of the empirical distribution, and
/// where that has two ends, their mean. So the median of an even number of values is the mean of the middle two.</summary>
static class Statistics
{
    /// <summary>A share times a count is whole to this much, in spite of rounding.</summary>
    const double Rounding = 1e-9;

    /// <summary>The median.</summary>
    /// <param name="values">In any order; left as they are.</param>
    /// <returns>NaN without values.</returns>
    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values];
        Array.Sort(sorted);
        return Quantile(sorted, 0.5);
    }

    /// <summary>The value that a share of the values does not exceed.</summary>
    /// <param name="sorted">Ascending.</param>
    /// <param name="share">0..1; 0 is the smallest value and 1 the largest.</param>
    /// <returns>NaN without values.</returns>
    public static double Quantile(ReadOnlySpan<double> sorted, double share)
    {
        if (sorted.Length == 0) return double.NaN;
        double at = share * sorted.Length, whole = Math.Round(at);
        int last = sorted.Length - 1;
        if (Math.Abs(at - whole) > Rounding * sorted.Length) return sorted[Math.Clamp((int)Math.Ceiling(at) - 1, 0, last)];
        return 0.5 * (sorted[Math.Clamp((int)whole - 1, 0, last)] + sorted[Math.Clamp((int)whole, 0, last)]);
    }
}
