namespace EdgeML.Native.Control.Learning;

/// <summary>Running mean and spread of each state input; frozen after enough samples, so that the inputs of the nets keep their scale.</summary>
sealed class StateNormaliser(int size, int freezeAfter = StateNormaliser.FreezeAfter)
{
    public const int FreezeAfter = LearningDefaults.FreezeAfter;
    readonly double[] _squares = new double[size];
    int _count;

    public float[] Mean { get; } = new float[size];

    public float[] InverseSpread { get; } = [.. Enumerable.Repeat(1f, size)];

    public void Observe(ReadOnlySpan<float> state)
    {
        if (_count >= freezeAfter) return;
        _count++;
        for (int i = 0; i < size; i++)
        {
            double before = state[i] - Mean[i];
            Mean[i] += (float)(before / _count);
            _squares[i] += before * (state[i] - Mean[i]);
            // A hundredth at least: an input that never varied must not blow up when it does.
            if (_count >= 2) InverseSpread[i] = (float)(1 / Math.Max(LearningDefaults.LeastSpread, Math.Sqrt(_squares[i] / _count)));
        }
    }

    /// <summary>Centred, scaled and clipped to +-5.</summary>
    public static void Apply(ReadOnlySpan<float> mean, ReadOnlySpan<float> inverseSpread, ReadOnlySpan<float> state, Span<float> normal)
    {
        const float Limit = LearningDefaults.NormalLimit;
        for (int i = 0; i < state.Length; i++) normal[i] = Math.Clamp((state[i] - mean[i]) * inverseSpread[i], -Limit, Limit);
    }
}
