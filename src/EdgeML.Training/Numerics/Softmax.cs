using System.Numerics.Tensors;

namespace EdgeML.Training.Numerics;

/// <summary>Probabilities, losses and entropies of class scores.</summary>
static class Softmax
{
    /// <summary>Probabilities of scores / <paramref name="temperature"/>.</summary>
    internal static void Of(ReadOnlySpan<float> scores, Span<float> probabilities, float temperature = 1)
    {
        // The library's softmax does not: scores above 88 would overflow.
        TensorPrimitives.Subtract(scores, TensorPrimitives.Max(scores), probabilities);
        TensorPrimitives.Multiply(probabilities, 1 / temperature, probabilities);
        TensorPrimitives.SoftMax(probabilities, probabilities);
    }

    /// <summary>-ln of a class's probability under scores / <paramref name="temperature"/>.</summary>
    internal static double Loss(ReadOnlySpan<float> scores, int label, double temperature = 1)
    {
        double most = TensorPrimitives.Max(scores), sum = 0;
        foreach (float score in scores) sum += Math.Exp((score - most) / temperature);
        return Math.Log(sum) - ((scores[label] - most) / temperature);
    }

    /// <summary>Entropy divided by the logarithm of the number of classes, 0..1.</summary>
    internal static float NormalisedEntropy(ReadOnlySpan<float> scores)
    {
        double most = TensorPrimitives.Max(scores), sum = 0, weighted = 0;
        foreach (float score in scores)
        {
            double term = Math.Exp(score - most);
            sum += term;
            weighted += term * (score - most);
        }
        return (float)Math.Clamp((Math.Log(sum) - (weighted / sum)) / Math.Log(scores.Length), 0, 1);
    }

    /// <summary>The temperature at which labels are most likely: one minimum, found by golden sections of its logarithm.</summary>
    internal static double BestTemperature(Func<int, ReadOnlySpan<float>> scores, Func<int, int> labels, int count)
    {
        double Mean(double logarithm)
        {
            double sum = 0, temperature = Math.Exp(logarithm);
            for (int i = 0; i < count; i++) sum += Loss(scores(i), labels(i), temperature);
            return sum;
        }
        double low = -3, high = 3, ratio = (Math.Sqrt(5) - 1) / 2;
        double left = high - (ratio * (high - low)), right = low + (ratio * (high - low));
        (double atLeft, double atRight) = (Mean(left), Mean(right));
        while (high - low > 1e-3)
        {
            if (atLeft < atRight)
            {
                (high, right, atRight) = (right, left, atLeft);
                left = high - (ratio * (high - low));
                atLeft = Mean(left);
            }
            else
            {
                (low, left, atLeft) = (left, right, atRight);
                right = low + (ratio * (high - low));
                atRight = Mean(right);
            }
        }
        return Math.Exp((low + high) / 2);
    }
}
