using System.Globalization;
using EdgeML.Native.Models.Manifest;

namespace EdgeML.Native.Preparation.Verification;

/// <summary>Compares an output whose elements a step of rounding may change: integers, such as the index of the largest of several numbers, and
/// whatever a quantised network puts out. Most of its elements must be the same; of how many not is limited.</summary>
/// <param name="output">As the package lists it; rows of it are compared.</param>
/// <param name="tolerance">Largest difference of a float that is none, as a part of the largest one of its sample.</param>
/// <param name="mostOff">Part of the elements of a quantised network that may be a step away.</param>
/// <param name="step">As for <see cref="ScoreComparison"/>; null for a network that is not quantised.</param>
/// <param name="isQuantised">Whether the network is computed in integers.</param>
sealed class TensorComparison(NamedTensor output, double tolerance, double mostOff, double? step, bool isQuantised) : IComparison
{
    /// <summary>Part of the integers of a float network that may differ: two scores next to each other change places where they are
    /// equal but for rounding.</summary>
    const double MostOtherIntegers = 1e-3;

    long _elements, _off, _tooFar;

    public double Worst { get; private set; }

    public string? Reason { get; private set; }

    public void Add(float[] expected, float[] got)
    {
        int count = output.Elements;
        _elements += count;
        if (expected.Length != got.Length)
        {
            (_off, _tooFar, Worst) = (_off + count, _tooFar + count, double.PositiveInfinity);
            return;
        }
        if (output.IsInteger)
        {
            for (int i = 0; i < count; i++)
                for (int at = i; at < expected.Length; at += count)
                    if (!expected[at].Equals(got[at]))
                    {
                        _off++;
                        break;
                    }
            return;
        }
        double largest = 0;
        foreach (float each in expected)
            if (float.IsFinite(each)) largest = Math.Max(largest, Math.Abs(each));
        if (largest == 0) largest = 1;
        double oneStep = step is { } s ? (s < 0 ? -s : s / largest) : 0;
        for (int i = 0; i < count; i++)
        {
            if (expected[i].Equals(got[i])) continue;
            double difference = Math.Abs((double)expected[i] - got[i]) / largest;
            if (double.IsNaN(difference)) difference = double.PositiveInfinity;
            Worst = Math.Max(Worst, difference);
            if (difference <= tolerance) continue;
            _off++;
            if (difference > 1.01 * oneStep) _tooFar++;
        }
    }

    public bool Holds()
    {
        double most = isQuantised ? mostOff : MostOtherIntegers;
        bool holds = _tooFar == 0 && _off <= most * _elements;
        if (!holds && output.IsInteger)
            Reason = string.Create(
                CultureInfo.InvariantCulture, $"{_off} of {_elements} elements of output '{output.Name}' are other integers than those of the file, {100 * most:0.##} % are allowed");
        return holds;
    }
}
