using System.Numerics;
using System.Runtime.CompilerServices;

namespace EdgeML.Native.Control.Learning;

/// <summary>Adam (Kingma and Ba 2015) over one weight array.</summary>
sealed class Adam(int length, float learningRate)
{
    const float Beta1 = 0.9f, Beta2 = 0.999f, Epsilon = 1e-8f;
    readonly float[] _mean = new float[length];
    readonly float[] _square = new float[length];
    double _power1 = 1, _power2 = 1;

    /// <summary>One step down the gradient. The length is a multiple of the vector width.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Step(float[] weights, float[] gradients)
    {
        _power1 *= Beta1;
        _power2 *= Beta2;
        // m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + eps), with both corrections drawn into the rate
        var rate = new Vector<float>((float)(learningRate * Math.Sqrt(1 - _power2) / (1 - _power1)));
        var epsilon = new Vector<float>((float)(Epsilon * Math.Sqrt(1 - _power2)));
        Vector<float> keep1 = new(Beta1), take1 = new(1 - Beta1), keep2 = new(Beta2), take2 = new(1 - Beta2);
        for (int i = 0; i < weights.Length; i += Vector<float>.Count)
        {
            var gradient = new Vector<float>(gradients, i);
            Vector<float> mean = (keep1 * new Vector<float>(_mean, i)) + (take1 * gradient);
            Vector<float> square = (keep2 * new Vector<float>(_square, i)) + (take2 * gradient * gradient);
            mean.CopyTo(_mean, i);
            square.CopyTo(_square, i);
            (new Vector<float>(weights, i) - (rate * mean / (Vector.SquareRoot(square) + epsilon))).CopyTo(weights, i);
        }
    }
}
