using System.Numerics.Tensors;

namespace EdgeML.Training.Quantisation;

/// <summary>The distribution of a tensor's elements over all samples: smallest, largest, and counts in bins of equal width around zero.
/// One thread at a time.</summary>
/// <remarks>The width doubles when a larger value comes, so one pass over the samples is enough.</remarks>
sealed class ValueHistogram(string tensor)
{
    /// <summary>Bins on either side of zero.</summary>
    internal const int Bins = 4096;

    readonly long[] _below = new long[Bins];
    readonly long[] _above = new long[Bins];
    float _width;

    internal float Min { get; private set; } = float.PositiveInfinity;

    internal float Max { get; private set; } = float.NegativeInfinity;

    /// <summary>Of a bin; 0 as long as only zeros were seen.</summary>
    internal float Width => _width;

    /// <summary>Counts of values below zero, from zero downwards.</summary>
    internal ReadOnlySpan<long> Below => _below;

    /// <summary>Counts of values from zero upwards.</summary>
    internal ReadOnlySpan<long> Above => _above;

    internal long Count { get; private set; }

    /// <summary>Takes the elements for one sample.</summary>
    /// <exception cref="InvalidDataException">One is no finite number.</exception>
    internal void Add(ReadOnlySpan<float> values)
    {
        if (values.Length == 0) return;
        float low = TensorPrimitives.Min(values), high = TensorPrimitives.Max(values);
        if (!float.IsFinite(low) || !float.IsFinite(high))
            throw new InvalidDataException($"tensor '{tensor}' is not finite for some samples; its range cannot be told");
        (Min, Max) = (Math.Min(Min, low), Math.Max(Max, high));
        Count += values.Length;
        MakeRoom(Math.Max(-low, high));
        if (_width == 0)
        {
            _above[0] += values.Length;
            return;
        }
        float scale = 1 / _width;
        foreach (float value in values)
        {
            int bin = Math.Min((int)(Math.Abs(value) * scale), Bins - 1);
            if (value < 0) _below[bin]++;
            else _above[bin]++;
        }
    }

    void MakeRoom(float largest)
    {
        if (largest == 0) return;
        // A power of two, so that halving the bins is exact.
        if (_width == 0) _width = Math.Max(MathF.ScaleB(1, MathF.ILogB(largest) + 1) / Bins, 1e-30f);
        for (; largest > _width * Bins; _width *= 2)
        {
            Halve(_below);
            Halve(_above);
        }
    }

    static void Halve(long[] bins)
    {
        for (int i = 0; i < Bins / 2; i++) bins[i] = bins[2 * i] + bins[(2 * i) + 1];
        Array.Clear(bins, Bins / 2, Bins / 2);
    }
}
