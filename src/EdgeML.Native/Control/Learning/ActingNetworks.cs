namespace EdgeML.Native.Control.Learning;

/// <summary>A copy of the nets to act with, so that learning may continue elsewhere. One thread.</summary>
sealed class ActingNetworks(Mlp actor, Mlp critic, int stateSize, int actionSize, float residualScale)
{
    readonly float[] _mean = new float[stateSize];
    readonly float[] _inverseSpread = new float[stateSize];

    public void Take(
        ReadOnlySpan<float> actorWeights, ReadOnlySpan<float> criticWeights, ReadOnlySpan<float> mean, ReadOnlySpan<float> inverseSpread)
    {
        actorWeights.CopyTo(actor.Weights);
        criticWeights.CopyTo(critic.Weights);
        mean.CopyTo(_mean);
        inverseSpread.CopyTo(_inverseSpread);
    }

    public void CopyTo(ActingNetworks other) => other.Take(actor.Weights, critic.Weights, _mean, _inverseSpread);

    /// <summary>The action of a raw state, with noise on the actor's output.</summary>
    public void Act(ReadOnlySpan<float> state, ReadOnlySpan<float> noise, Span<float> action)
    {
        StateNormaliser.Apply(_mean, _inverseSpread, state, actor.InputRow(0));
        actor.Forward(1);
        ReadOnlySpan<float> output = actor.OutputRow(0);
        for (int i = 0; i < actionSize; i++)
        {
            float noisy = Math.Clamp(output[i] + (noise.IsEmpty ? 0 : noise[i]), 0f, 1f);
            action[i] = DdpgAgent.Compose(noisy, residualScale > 0 ? state[stateSize - actionSize + i] : 0, residualScale);
        }
    }

    /// <summary>Q(s, a).</summary>
    public float Value(ReadOnlySpan<float> state, ReadOnlySpan<float> action)
    {
        Span<float> input = critic.InputRow(0);
        StateNormaliser.Apply(_mean, _inverseSpread, state, input[..stateSize]);
        for (int i = 0; i < actionSize; i++) input[stateSize + i] = DdpgAgent.Centred(action[i]);
        critic.Forward(1);
        return critic.OutputRow(0)[0];
    }
}
