using System.Numerics.Tensors;

namespace EdgeML.Native.Preparation.Verification;

/// <summary>Whether scores of one exit are those of the model file, over all samples.</summary>
/// <param name="tolerance">Largest difference allowed, as a part of the largest score.</param>
/// <param name="mostOff">Part of the samples of a quantised network that may be a step away.</param>
/// <param name="step">For a quantised network: the change of the scores by one step of its last quantised tensor, as a part of the largest
/// one where it is below 0; null for others.</param>
sealed class ScoreComparison(double tolerance, double mostOff, double? step) : IComparison
{
    /// <summary>A score varies if it differs between samples by more than this part of its size.</summary>
    const double VaryingShare = 0.01;

    /// <summary>A score this many times larger than all that vary is a mask.</summary>
    const double MaskFactor = 100;

    readonly List<float[]> _expected = [];
    readonly List<float[]> _got = [];

    public void Add(float[] expected, float[] got)
    {
        _expected.Add(expected);
        _got.Add(got);
    }

    /// <summary>Largest difference, as a part of the largest score.</summary>
    public double Worst { get; private set; }

    /// <summary>Whether all is as it should be; sets <see cref="Worst"/>.</summary>
    public bool Holds()
    {
        double largest = Largest();
        double oneStep = step is { } s ? s < 0 ? -s * largest : s : 0;
        int off = 0;
        bool holds = true;
        Worst = 0;
        for (int i = 0; i < _expected.Count; i++)
        {
            double difference = Difference(_expected[i], _got[i], largest);
            Worst = Math.Max(Worst, difference);
            if (difference <= tolerance) continue;
            off++;
            holds &= step is not null && difference * largest <= 1.01 * oneStep && IsSameOrTied(_expected[i], _got[i], oneStep);
        }
        return holds && off <= mostOff * _expected.Count;
    }

    /// <summary>Size of the largest score. A huge one that hardly depends on the input, such as the -1e9 of a masked class, is not counted:
    /// measured by it, the other scores could be anything.</summary>
    double Largest()
    {
        double all = 0, varying = 0;
        for (int c = 0; c < _expected.Max(row => row.Length); c++)
        {
            double low = double.PositiveInfinity, high = double.NegativeInfinity;
            foreach (float[] row in _expected)
                if (c < row.Length && float.IsFinite(row[c])) (low, high) = (Math.Min(low, row[c]), Math.Max(high, row[c]));
            if (low > high) continue;
            double size = Math.Max(Math.Abs(low), Math.Abs(high));
            all = Math.Max(all, size);
            if (high - low > VaryingShare * size) varying = Math.Max(varying, size);
        }
        if (varying > 0 && all > MaskFactor * varying) return varying;
        return all > 0 ? all : 1;
    }

    /// <summary>Whether two rows have the same bits.</summary>
    internal static bool AreSame(ReadOnlySpan<float> one, ReadOnlySpan<float> other) =>
        System.Runtime.InteropServices.MemoryMarshal.AsBytes(one).SequenceEqual(
            System.Runtime.InteropServices.MemoryMarshal.AsBytes(other));

    /// <summary>Largest difference of two rows; infinite where one has a value that is not finite and the other not the same.</summary>
    /// <param name="expected">From the file.</param>
    /// <param name="got">From the package.</param>
    /// <param name="largest">Differences are parts of this, or of a score that is larger; 0 for differences as they are.</param>
    internal static double Difference(ReadOnlySpan<float> expected, ReadOnlySpan<float> got, double largest = 0)
    {
        if (expected.Length != got.Length) return double.PositiveInfinity;
        double worst = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            if (expected[i].Equals(got[i])) continue; // the same infinity, or both NaN
            double difference = Math.Abs((double)expected[i] - got[i]);
            if (largest > 0) difference /= Math.Max(largest, Math.Abs((double)expected[i]));
            worst = Math.Max(worst, double.IsNaN(difference) ? double.PositiveInfinity : difference);
        }
        return worst;
    }

    static bool IsSameOrTied(float[] expected, float[] got, double oneStep) =>
        expected[TensorPrimitives.IndexOfMax<float>(expected)] - expected[TensorPrimitives.IndexOfMax<float>(got)] <= 1.01 * oneStep;
}
