namespace EdgeML.Training.Charts;

/// <summary>Round values to label an axis with.</summary>
static class AxisTicks
{
    /// <summary>Multiples of 1, 2 or 5 times a power of ten that lie in a range.</summary>
    /// <param name="low">Low end; finite.</param>
    /// <param name="high">High end; finite and above <paramref name="low"/>.</param>
    /// <param name="wanted">About how many; the result has at most one and a half times as many.</param>
    public static double[] Between(double low, double high, int wanted)
    {
        if (!double.IsFinite(low) || !double.IsFinite(high) || low >= high)
            throw new ArgumentException($"axis from {low} to {high} is empty");
        ArgumentOutOfRangeException.ThrowIfLessThan(wanted, 1);
        double step = Step((high - low) / wanted);
        long first = (long)Math.Ceiling((low / step) - 1e-9);
        long last = (long)Math.Floor((high / step) + 1e-9);
        var ticks = new double[last - first + 1];
        for (long i = first; i <= last; i++) ticks[i - first] = i * step;
        return ticks;
    }

    /// <summary>The smallest multiple of a round step that is not below <paramref name="value"/>; a good end for an axis from 0.</summary>
    public static double RoundUp(double value)
    {
        if (!(value > 0) || !double.IsFinite(value)) return 1;
        double step = Step(value / 5);
        return Math.Ceiling((value / step) - 1e-9) * step;
    }

    static double Step(double rough)
    {
        double power = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        double leading = rough / power;
        return power * (leading <= 1.0000001 ? 1 : leading <= 2.0000001 ? 2 : leading <= 5.0000001 ? 5 : 10);
    }
}
