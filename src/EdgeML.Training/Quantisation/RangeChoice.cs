namespace EdgeML.Training.Quantisation;

/// <summary>From the values that a tensor had to its scale and zero point.</summary>
static class RangeChoice
{
    /// <summary>Part of the values that <see cref="RangeMethod.Percentile"/> leaves outside, half of them on either side.</summary>
    internal const double Outside = 1e-4;

    const double LeastPart = 0.1, Step = 0.01;

    internal static TensorScale Of(ValueHistogram seen, RangeMethod method)
    {
        if (seen.Count == 0 || seen.Width == 0) return TensorScale.Of(0, 0);
        (float low, float high) = (Math.Min(seen.Min, 0), Math.Max(seen.Max, 0));
        return method switch
        {
            RangeMethod.Percentile => Percentile(seen, low, high),
            RangeMethod.Mse => LeastError(seen, low, high),
            _ => TensorScale.Of(low, high),
        };
    }

    static TensorScale Percentile(ValueHistogram seen, float low, float high)
    {
        long allowed = (long)(Outside / 2 * seen.Count);
        return TensorScale.Of(-Math.Min(-low, Edge(seen.Below, seen.Width, allowed)), Math.Min(high, Edge(seen.Above, seen.Width, allowed)));
    }

    /// <summary>The size beyond which at most so many values lie.</summary>
    static float Edge(ReadOnlySpan<long> bins, float width, long allowed)
    {
        long outside = 0;
        for (int i = bins.Length - 1; i >= 0; i--)
        {
            outside += bins[i];
            if (outside > allowed) return (i + 1) * width;
        }
        return 0;
    }

    /// <summary>Of the observed range made smaller and smaller, the one with the least error.</summary>
    static TensorScale LeastError(ValueHistogram seen, float low, float high)
    {
        TensorScale best = TensorScale.Of(low, high);
        double least = SquaredError(seen, best);
        for (double part = 1 - Step; part >= LeastPart; part -= Step)
        {
            TensorScale scale = TensorScale.Of((float)(part * low), (float)(part * high));
            double found = SquaredError(seen, scale);
            if (found >= least) continue;
            (best, least) = (scale, found);
        }
        return best;
    }

    static double SquaredError(ValueHistogram seen, TensorScale scale)
    {
        return Side(seen.Above, 1) + Side(seen.Below, -1);

        double Side(ReadOnlySpan<long> bins, int sign)
        {
            double sum = 0;
            for (int i = 0; i < bins.Length; i++)
            {
                if (bins[i] == 0) continue;
                double value = sign * (i + 0.5) * seen.Width, off = value - scale.Rounded(value);
                sum += bins[i] * off * off;
            }
            return sum;
        }
    }
}
