using System.Numerics.Tensors;

namespace EdgeML.Native.Models.Verification;

/// <summary>Whether scores of one exit are those of the model file, over all samples.</summary>
/// <param name="tolerance">Largest difference allowed, as a part of the largest score.</param>
/// <param name="mostOff">Part of the samples of a quantised network that may be a step away.</param>
/// <param name="step">For a quantised network: what one step of its last quantised tensor is worth in the scores, as a part of the largest
/// one where it is below 0; null for others.</param>
sealed class ScoreComparison(double tolerance, double mostOff, double? step)
{
    readonly List<float[]> _expected = [];
    readonly List<float[]> _got = [];

    internal void Add(float[] expected, float[] got)
    {
        _expected.Add(expected);
        _got.Add(got);
    }

    /// <summary>Largest difference, as a part of the largest score.</summary>
    internal double Worst { get; private set; }

    /// <summary>Whether all is as it should be; sets <see cref="Worst"/>.</summary>
    internal bool Holds()
    {
        double largest = _expected.SelectMany(row => row).Where(float.IsFinite).Select(x => (double)Math.Abs(x)).DefaultIfEmpty(0).Max();
        if (largest == 0) largest = 1;
        double oneStep = step is { } s ? s < 0 ? -s * largest : s : 0;
        int off = 0;
        bool holds = true;
        Worst = 0;
        for (int i = 0; i < _expected.Count; i++)
        {
            double difference = Difference(_expected[i], _got[i]);
            Worst = Math.Max(Worst, difference / largest);
            if (difference <= tolerance * largest) continue;
            off++;
            holds &= step is not null && difference <= 1.01 * oneStep && IsSameOrTied(_expected[i], _got[i], oneStep);
        }
        return holds && off <= mostOff * _expected.Count;
    }

    /// <summary>Whether two rows have the same bits.</summary>
    internal static bool AreSame(ReadOnlySpan<float> one, ReadOnlySpan<float> other) =>
        System.Runtime.InteropServices.MemoryMarshal.AsBytes(one).SequenceEqual(
            System.Runtime.InteropServices.MemoryMarshal.AsBytes(other));

    /// <summary>Infinite where one has a value that is no number and the other not the same.</summary>
    internal static double Difference(ReadOnlySpan<float> expected, ReadOnlySpan<float> got)
    {
        if (expected.Length != got.Length) return double.PositiveInfinity;
        double worst = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            if (expected[i].Equals(got[i])) continue; // the same infinity, or both NaN
            double difference = Math.Abs((double)expected[i] - got[i]);
            worst = Math.Max(worst, double.IsNaN(difference) ? double.PositiveInfinity : difference);
        }
        return worst;
    }

    static bool IsSameOrTied(float[] expected, float[] got, double oneStep) =>
        expected[TensorPrimitives.IndexOfMax<float>(expected)] - expected[TensorPrimitives.IndexOfMax<float>(got)] <= 1.01 * oneStep;
}
