using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Learning;
using EdgeML.Native.Numerics;
using EdgeML.Native.Policies;

namespace EdgeML.Benchmarks.Subjects;

/// <summary>The learner of the default controller at the sizes it has on the shipped network, its memory full.</summary>
sealed class LearnerSubject
{
    const int SideExits = 3;

    readonly ActionCodec _codec = new(SideExits, [.. Enumerable.Range(0, 20).Select(cut => new CutCandidate(cut, 0))]);
    readonly OrnsteinUhlenbeck _noise;
    readonly DdpgAgent _agent;
    readonly ActingNetworks _networks;
    readonly float[] _state;
    readonly float[] _action;

    public LearnerSubject()
    {
        int states = StateEncoder.ExtendedSize + 1 + _codec.Size;
        var options = new DdpgOptions { ResidualScale = 0.12f, CloningWeight = 1 };
        _agent = new DdpgAgent(options, states, _codec.Size, seed: 1);
        _noise = new OrnsteinUhlenbeck(
            _codec.Size, options.NoiseTheta, options.NoiseSigma, options.NoiseDecay, options.NoiseFloor, new SeededRandom(1, stream: 3));
        _networks = _agent.NewActingNetworks();
        (_state, _action) = (new float[states], new float[_codec.Size]);
        var random = new Random(1);
        var next = new float[states];
        for (int i = 0; i < options.Capacity; i++)
        {
            Fill(random, _state);
            Fill(random, next);
            Fill(random, _action);
            // A reward the critic can find: the first action number should follow the first of the state.
            _agent.Remember(_state, _action, -MathF.Abs(_action[0] - _state[0]), next);
        }
    }

    public string Sizes => $"{_agent.StateSize} states, {_agent.ActionSize} actions, {_agent.Options.Hidden}-{_agent.Options.Hidden}";

    public int Batch => _agent.Options.Batch;

    public float Loss => _agent.CriticLoss;

    /// <summary>State to policy, exploration noise included.</summary>
    public ExitPolicy Act()
    {
        _networks.Act(_state, _noise.Next(), _action);
        return _codec.Decode(_action);
    }

    /// <summary>One update of all four nets from a batch.</summary>
    public void Learn() => _agent.Learn();

    /// <exception cref="InvalidOperationException">The critic does not get better.</exception>
    public void Verify()
    {
        float before = MeanLoss();
        for (int i = 0; i < 300; i++) Learn();
        float after = MeanLoss();
        if (!(after < 0.7f * before)) throw new InvalidOperationException($"critic loss {before} before, {after} after 300 updates");
    }

    float MeanLoss()
    {
        float sum = 0;
        for (int i = 0; i < 10; i++)
        {
            Learn();
            sum += Loss;
        }
        return sum / 10;
    }

    static void Fill(Random random, float[] values)
    {
        for (int i = 0; i < values.Length; i++) values[i] = random.NextSingle();
    }
}
