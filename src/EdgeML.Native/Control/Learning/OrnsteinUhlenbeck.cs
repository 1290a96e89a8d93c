using EdgeML.Native.Numerics;

namespace EdgeML.Native.Control.Learning;

/// <summary>Noise that wanders: x += theta (0 - x) + sigma N(0, 1), with sigma shrinking at every step down to a floor.</summary>
sealed class OrnsteinUhlenbeck(int size, double theta, double sigma, double decay, double floor, SeededRandom random)
{
    readonly float[] _state = new float[size];

    public double Sigma { get; private set; } = sigma;

    public ReadOnlySpan<float> Next()
    {
        for (int i = 0; i < _state.Length; i++) _state[i] += (float)((-theta * _state[i]) + (Sigma * random.Gaussian())); // (47)
        Sigma = Math.Max(floor, Sigma * decay);
        return _state;
    }
}
