namespace EdgeML.Training.Quantisation;

/// <summary>From the values that a tensor had to its scale and zero point.</summary>
static class RangeChoice
{
    /// <summary>Part of the values that <see cref="RangeMethod.Percentile"/> leaves outside.</summary>
    internal const double Outside = 1e-4;

    const double LeastPart = 0.1, Step = 0.01;

    internal static TensorScale Of(ValueHistogram seen, RangeMethod method)
    {
        if (seen.Count == 0 || seen.Width == 0) return TensorScale.Of(0, 0);
        (float low, float high) = (Math.Min(seen.Min, 0), Math.Max(seen.Max, 0));
        return method switch
        {
            RangeMethod.Percentile => Percentile(seen, low, high),
            RangeMethod.Mse => Best(seen, low, high, SquaredError),
            RangeMethod.Entropy => Best(seen, low, high, RelativeEntropy),
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
    static TensorScale Best(ValueHistogram seen, float low, float high, Func<ValueHistogram, TensorScale, double> error)
    {
        TensorScale best = TensorScale.Of(low, high);
        double least = error(seen, best);
        for (double part = 1 - Step; part >= LeastPart; part -= Step)
        {
            TensorScale scale = TensorScale.Of((float)(part * low), (float)(part * high));
            double found = error(seen, scale);
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

    /// <summary>From the clipped distribution to the one in which all bins of a level are equally full.</summary>
    static double RelativeEntropy(ValueHistogram seen, TensorScale scale)
    {
        Span<double> clipped = new double[2 * ValueHistogram.Bins];
        Span<double> inLevel = stackalloc double[TensorScale.Levels + 1];
        Span<int> filled = stackalloc int[TensorScale.Levels + 1];
        inLevel.Clear();
        filled.Clear();
        // The bins that hold the ends of the range get everything beyond them.
        int first = Bin(scale.Low), last = Bin(scale.High);
        for (int b = 0; b < clipped.Length; b++) clipped[Math.Clamp(b, first, last)] += InBin(seen, b);
        double all = seen.Count;
        for (int b = first; b <= last; b++)
        {
            if (clipped[b] == 0) continue;
            int level = Level(b);
            // What was clipped is not in the quantised distribution, so that clipping costs.
            inLevel[level] += InBin(seen, b);
            filled[level]++;
        }
        double kept = 0;
        foreach (double count in inLevel) kept += count;
        if (kept == 0) return double.PositiveInfinity;
        double entropy = 0;
        for (int b = first; b <= last; b++)
        {
            if (clipped[b] == 0) continue;
            int level = Level(b);
            double p = clipped[b] / all, q = Math.Max(inLevel[level] / filled[level] / kept, 1e-12);
            entropy += p * Math.Log(p / q);
        }
        return entropy;

        int Bin(double value) => Math.Clamp((int)Math.Floor(value / seen.Width), -ValueHistogram.Bins, ValueHistogram.Bins - 1) + ValueHistogram.Bins;
        int Level(int bin) => (int)Math.Clamp(Math.Round((bin - ValueHistogram.Bins + 0.5) * seen.Width / scale.Scale) + scale.Zero, 0, TensorScale.Levels);
    }

    static long InBin(ValueHistogram seen, int bin) =>
        bin >= ValueHistogram.Bins ? seen.Above[bin - ValueHistogram.Bins] : seen.Below[ValueHistogram.Bins - 1 - bin];
}
