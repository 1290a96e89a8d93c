using System.Numerics.Tensors;

namespace EdgeML.Training.Branching;

/// <summary>Brings features to mean 0 and deviation 1, which every layer learns from faster; afterwards it goes into the first layer's
/// weights.</summary>
sealed class Standardisation
{
    // A feature that hardly ever moves must not be blown up into noise.
    const double LeastShare = 0.1;

    Standardisation(float[] means, float[] factors) => (Means, Factors) = (means, factors);

    internal float[] Means { get; }

    /// <summary>1 / deviation.</summary>
    internal float[] Factors { get; }

    internal static Standardisation Of(FeatureFile file, int head, IReadOnlyList<int> rows)
    {
        int features = file.Features(0, head).Length;
        double[] sums = new double[features], squares = new double[features];
        foreach (int row in rows)
        {
            ReadOnlySpan<float> values = file.Features(row, head);
            for (int i = 0; i < features; i++)
            {
                sums[i] += values[i];
                squares[i] += (double)values[i] * values[i];
            }
        }
        double[] deviations = new double[features];
        for (int i = 0; i < features; i++)
        {
            sums[i] /= rows.Count;
            deviations[i] = Math.Sqrt(Math.Max(0, (squares[i] / rows.Count) - (sums[i] * sums[i])));
        }
        double least = LeastShare * deviations.Average();
        if (least == 0) least = 1;
        return new([.. sums.Select(s => (float)s)], [.. deviations.Select(d => (float)(1 / Math.Max(d, least)))]);
    }

    internal void Apply(ReadOnlySpan<float> features, Span<float> to)
    {
        TensorPrimitives.Subtract(features, Means, to);
        TensorPrimitives.Multiply(to, Factors, to);
    }

    /// <summary>Changes a first layer, outputs x inputs, so that it reads plain features.</summary>
    internal void Fold(float[] weights, float[] biases)
    {
        int features = Means.Length;
        for (int output = 0; output < biases.Length; output++)
        {
            Span<float> row = weights.AsSpan(output * features, features);
            double shift = 0;
            for (int i = 0; i < features; i++)
            {
                row[i] *= Factors[i];
                shift += (double)row[i] * Means[i];
            }
            biases[output] -= (float)shift;
        }
    }
}
