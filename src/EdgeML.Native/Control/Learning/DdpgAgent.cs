using EdgeML.Native.Numerics;

namespace EdgeML.Native.Control.Learning;

/// <summary>Deep deterministic policy gradient: replay, two nets and their slow copies. Everything that learns; one thread.</summary>
sealed partial class DdpgAgent
{
    readonly DdpgOptions _options;
    readonly int _stateSize;
    readonly int _actionSize;
    readonly MixedReplay _replay;
    readonly StateNormaliser _normaliser;
    readonly SeededRandom _sampling;
    readonly Mlp _actor;
    readonly Mlp _critic;
    readonly Mlp _targetActor;
    readonly Mlp _targetCritic;
    readonly Adam _actorAdam;
    readonly Adam _criticAdam;
    readonly int[] _picked;

    /// <param name="options">Settings.</param>
    /// <param name="stateSize">Numbers a state.</param>
    /// <param name="actionSize">Numbers an action.</param>
    /// <param name="seed">Seeds weights and sampling.</param>
    /// <param name="source">Transitions of another device to start from.</param>
    public DdpgAgent(DdpgOptions options, int stateSize, int actionSize, int seed, ReplayBuffer? source = null)
    {
        (_options, _stateSize, _actionSize) = (options, stateSize, actionSize);
        _replay = new MixedReplay(new ReplayBuffer(options.Capacity, stateSize, actionSize), source, options.SourceShare);
        _normaliser = new StateNormaliser(stateSize);
        _sampling = new SeededRandom(seed, stream: 1);
        _actor = NewActor(options.Batch);
        _critic = NewCritic(options.Batch);
        (_targetActor, _targetCritic) = (NewActor(options.Batch), NewCritic(options.Batch));
        var weights = new SeededRandom(seed, stream: 2);
        _actor.Initialise(weights);
        _critic.Initialise(weights);
        _actor.Weights.CopyTo(_targetActor.Weights, 0);
        _critic.Weights.CopyTo(_targetCritic.Weights, 0);
        _actorAdam = new Adam(_actor.Weights.Length, options.ActorRate);
        _criticAdam = new Adam(_critic.Weights.Length, options.CriticRate);
        _picked = new int[options.Batch];
        if (source is not null) StartFrom(source);
    }

    public DdpgOptions Options => _options;

    public int StateSize => _stateSize;

    public int ActionSize => _actionSize;

    /// <summary>Updates so far.</summary>
    public long Steps { get; private set; }

    public bool CanLearn => _replay.Has(Math.Max(_options.WarmUp, 1));

    /// <summary>The net that chooses, as its last update left it.</summary>
    internal Mlp Actor => _actor;

    /// <summary>The net that values.</summary>
    internal Mlp Critic => _critic;

    /// <summary>Mean squared error of the critic in the last update.</summary>
    public float CriticLoss { get; private set; }

    public void Remember(ReadOnlySpan<float> state, ReadOnlySpan<float> action, float reward, ReadOnlySpan<float> nextState)
    {
        _normaliser.Observe(state);
        _replay.Add(state, action, reward, nextState);
    }

    void StartFrom(ReplayBuffer source)
    {
        // Half of the samples the normaliser takes; the other half is this device's own.
        int stride = Math.Max(1, source.Count / (StateNormaliser.FreezeAfter / 2));
        for (int i = 0; i < source.Count; i += stride) _normaliser.Observe(source.State(i));
        for (int i = 0; i < _options.SourceUpdates && CanLearn; i++) Learn();
    }

    /// <summary>Copies the networks for acting.</summary>
    public void Publish(ActingNetworks networks) =>
        networks.Take(_actor.Weights, _critic.Weights, _normaliser.Mean, _normaliser.InverseSpread);

    /// <summary>Nets to act with, for a batch of one.</summary>
    public ActingNetworks NewActingNetworks()
    {
        var networks = new ActingNetworks(NewActor(1), NewCritic(1), _stateSize, _actionSize, _options.ResidualScale);
        Publish(networks);
        return networks;
    }

    Mlp NewActor(int batch) => new([_stateSize, _options.Hidden, _options.Hidden, _actionSize],
                                   [Activation.Relu, Activation.Relu, Activation.Sigmoid], batch);

    Mlp NewCritic(int batch) => new([_stateSize + _actionSize, _options.Hidden, _options.Hidden, 1],
                                    [Activation.Relu, Activation.Relu, Activation.Linear], batch);

    /// <summary>The action of an actor's output: itself, or the state's reference action moved by it.</summary>
    public static float Compose(float output, float reference, float residualScale) =>
        residualScale > 0 ? Math.Clamp(reference + (residualScale * ((2 * output) - 1)), 0f, 1f) : output; // (44)

    /// <summary>Nets see actions in -1..1.</summary>
    public static float Centred(float action) => (2 * action) - 1;
}
