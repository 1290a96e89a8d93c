using System.Numerics.Tensors;
using EdgeML.Training.Numerics;

namespace EdgeML.Training.Bottlenecks;

/// <summary>A network's answer as probabilities of softened scores: where it is sure, the probabilities themselves hardly move with an
/// error, and would say that none matters.</summary>
static class SoftAnswer
{
    /// <summary>The divisor of scores.</summary>
    public const float Softening = 4;

    public static float[] Of(float[] scores)
    {
        float[] probabilities = new float[scores.Length];
        Softmax.Of(scores, probabilities, Softening);
        return probabilities;
    }

    /// <summary>Cross-entropy to wanted probabilities, times the softening, so that its gradient by the scores is the difference of the
    /// probabilities.</summary>
    public static double Loss(ReadOnlySpan<float> scores, ReadOnlySpan<float> wanted)
    {
        (double most, double sum, double loss) = (TensorPrimitives.Max(scores), 0, 0);
        foreach (float each in scores) sum += Math.Exp((each - most) / Softening);
        for (int i = 0; i < scores.Length; i++) loss -= wanted[i] * (((scores[i] - most) / Softening) - Math.Log(sum));
        return Softening * loss;
    }
}
