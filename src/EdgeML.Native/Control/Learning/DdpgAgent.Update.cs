using System.Numerics;
using System.Runtime.CompilerServices;

namespace EdgeML.Native.Control.Learning;

sealed partial class DdpgAgent
{
    /// <summary>One update from a random batch of (s, a, r, s').</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Learn()
    {
        PickBatch();
        CriticGradients();
        _criticAdam.Step(_critic.Weights, _critic.Gradients);
        ActorGradients();
        _actorAdam.Step(_actor.Weights, _actor.Gradients);

        // Targets follow: w' <- (1 - tau) w' + tau w.
        Blend(_targetActor.Weights, _actor.Weights, _options.Tau);
        Blend(_targetCritic.Weights, _critic.Weights, _options.Tau);
        Steps++;
    }

    /// <summary>Draws the transitions of the next update.</summary>
    internal void PickBatch() => _replay.Pick(_picked, _sampling);

    /// <summary>Gradient of the critic's loss in its weights, over the batch drawn.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal void CriticGradients()
    {
        int batch = _options.Batch;
        // Targets: y = r + gamma Q'(s', mu'(s')). There are no terminal states.
        for (int row = 0; row < batch; row++) Normalise(_replay.NextState(_picked[row]), _targetActor.InputRow(row));
        _targetActor.Forward(batch);
        for (int row = 0; row < batch; row++)
            FillCritic(_targetCritic, row, _targetActor.InputRow(row), _targetActor.OutputRow(row), _replay.NextState(_picked[row]));
        _targetCritic.Forward(batch);

        // Critic: minimise mean (Q(s, a) - y)^2 with a as it was executed.
        for (int row = 0; row < batch; row++)
        {
            Span<float> input = _critic.InputRow(row);
            Normalise(_replay.State(_picked[row]), input[.._stateSize]);
            ReadOnlySpan<float> action = _replay.Action(_picked[row]);
            for (int i = 0; i < _actionSize; i++) input[_stateSize + i] = Centred(action[i]);
        }
        _critic.Forward(batch);
        float loss = 0;
        for (int row = 0; row < batch; row++)
        {
            float target = _replay.Reward(_picked[row]) + (_options.Discount * _targetCritic.OutputRow(row)[0]); // (41)
            float error = _critic.OutputRow(row)[0] - target;
            loss += error * error / batch;
            _critic.OutputGradientRow(row)[0] = 2 * error / batch;
        }
        CriticLoss = loss;
        _critic.Backward(batch, weightGradients: true, inputGradients: false);
    }

    /// <summary>Gradient of the actor's loss in its weights, over the batch the critic's were of.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal void ActorGradients()
    {
        int batch = _options.Batch;
        // Actor: maximise mean Q(s, mu(s)); the critic's weights are held still. dQ/da runs back through a = compose(mu).
        for (int row = 0; row < batch; row++) _critic.InputRow(row)[.._stateSize].CopyTo(_actor.InputRow(row));
        _actor.Forward(batch);
        for (int row = 0; row < batch; row++)
        {
            FillCritic(_critic, row, _actor.InputRow(row), _actor.OutputRow(row), _replay.State(_picked[row]));
            _critic.OutputGradientRow(row)[0] = -1f / batch;
        }
        _critic.Forward(batch);
        _critic.Backward(batch, weightGradients: false, inputGradients: true);
        float cloning = _options.CloningWeight * Math.Max(0f, 1 - (Steps / (float)_options.CloningUpdates));
        for (int row = 0; row < batch; row++) ActorGradients(row, cloning, batch);
        _actor.Backward(batch, weightGradients: true, inputGradients: false);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void ActorGradients(int row, float cloning, int batch)
    {
        ReadOnlySpan<float> output = _actor.OutputRow(row);
        ReadOnlySpan<float> actionGradient = _critic.InputGradientRow(row)[_stateSize..];
        Span<float> gradient = _actor.OutputGradientRow(row);
        float scale = _options.ResidualScale;
        ReadOnlySpan<float> reference = scale > 0 ? Reference(_replay.State(_picked[row])) : default;
        for (int i = 0; i < _actionSize; i++)
        {
            // d(centred action)/d(output) is 2, or 4 x scale where the move is not clipped.
            float inner = 2;
            if (scale > 0)
            {
                float moved = reference[i] + (scale * ((2 * output[i]) - 1));
                bool outward = (moved <= 0 && actionGradient[i] > 0) || (moved >= 1 && actionGradient[i] < 0);
                inner = outward ? 0 : 4 * scale;
            }
            // Cloning: cloning x mean (2 mu - 1)^2, which is 0 where the reference action is kept.
            float cloned = scale > 0 ? cloning * 4 * ((2 * output[i]) - 1) / batch : 0;
            gradient[i] = (actionGradient[i] * inner) + cloned; // (42)
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void FillCritic(Mlp critic, int row, ReadOnlySpan<float> normalState, ReadOnlySpan<float> output, ReadOnlySpan<float> rawState)
    {
        Span<float> input = critic.InputRow(row);
        normalState[.._stateSize].CopyTo(input);
        ReadOnlySpan<float> reference = _options.ResidualScale > 0 ? Reference(rawState) : output;
        for (int i = 0; i < _actionSize; i++)
            input[_stateSize + i] = Centred(Compose(output[i], reference[i], _options.ResidualScale));
    }

    ReadOnlySpan<float> Reference(ReadOnlySpan<float> rawState) => rawState[(_stateSize - _actionSize).._stateSize];

    void Normalise(ReadOnlySpan<float> raw, Span<float> normal) =>
        StateNormaliser.Apply(_normaliser.Mean, _normaliser.InverseSpread, raw, normal);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Blend(float[] slow, float[] fast, float tau)
    {
        var share = new Vector<float>(tau);
        for (int i = 0; i < slow.Length; i += Vector<float>.Count)
        {
            var old = new Vector<float>(slow, i);
            (old + (share * (new Vector<float>(fast, i) - old))).CopyTo(slow, i); // (43)
        }
    }
}
