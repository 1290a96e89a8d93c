using System.Numerics;
using System.Runtime.CompilerServices;

namespace EdgeML.Training.Numerics;

/// <summary>Adam with decoupled weight decay (Loshchilov and Hutter 2019) whose memory can be kept and whose rate follows a
/// schedule.</summary>
sealed class AdamState(int length)
{
    const float Beta1 = 0.9f, Beta2 = 0.999f, Epsilon = 1e-8f;

    internal float[] Mean { get; } = new float[length];

    internal float[] Square { get; } = new float[length];

    internal int Steps { get; set; }

    /// <summary>One step down the gradient. The length is a multiple of the vector width.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal void Step(float[] weights, float[] gradients, float learningRate, float weightDecay)
    {
        Steps++;
        double power1 = 1 - Math.Pow(Beta1, Steps), power2 = 1 - Math.Pow(Beta2, Steps);
        // m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + eps), with both corrections drawn into the rate
        var rate = new Vector<float>((float)(learningRate * Math.Sqrt(power2) / power1));
        var epsilon = new Vector<float>((float)(Epsilon * Math.Sqrt(power2)));
        var shrink = new Vector<float>(1 - (learningRate * weightDecay));
        Vector<float> keep1 = new(Beta1), take1 = new(1 - Beta1), keep2 = new(Beta2), take2 = new(1 - Beta2);
        for (int i = 0; i < weights.Length; i += Vector<float>.Count)
        {
            var gradient = new Vector<float>(gradients, i);
            Vector<float> mean = (keep1 * new Vector<float>(Mean, i)) + (take1 * gradient);
            Vector<float> square = (keep2 * new Vector<float>(Square, i)) + (take2 * gradient * gradient);
            mean.CopyTo(Mean, i);
            square.CopyTo(Square, i);
            ((shrink * new Vector<float>(weights, i)) - (rate * mean / (Vector.SquareRoot(square) + epsilon))).CopyTo(weights, i);
        }
    }
}
