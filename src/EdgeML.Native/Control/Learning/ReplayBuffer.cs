namespace EdgeML.Native.Control.Learning;

/// <summary>The last transitions (s, a, r, s'), raw: states are normalised when they are read, so that old ones keep their
/// meaning.</summary>
sealed class ReplayBuffer(int capacity, int stateSize, int actionSize)
{
    readonly float[] _states = new float[capacity * stateSize];
    readonly float[] _actions = new float[capacity * actionSize];
    readonly float[] _rewards = new float[capacity];
    readonly float[] _nextStates = new float[capacity * stateSize];
    int _next;

    public int Capacity => capacity;

    /// <summary>Transitions held; only these are ever read.</summary>
    public int Count { get; private set; }

    public void Add(ReadOnlySpan<float> state, ReadOnlySpan<float> action, float reward, ReadOnlySpan<float> nextState)
    {
        state[..stateSize].CopyTo(_states.AsSpan(_next * stateSize));
        action[..actionSize].CopyTo(_actions.AsSpan(_next * actionSize));
        _rewards[_next] = reward;
        nextState[..stateSize].CopyTo(_nextStates.AsSpan(_next * stateSize));
        _next = (_next + 1) % capacity;
        Count = Math.Min(Count + 1, capacity);
    }

    public ReadOnlySpan<float> State(int index) => _states.AsSpan(index * stateSize, stateSize);

    public ReadOnlySpan<float> Action(int index) => _actions.AsSpan(index * actionSize, actionSize);

    public float Reward(int index) => _rewards[index];

    public ReadOnlySpan<float> NextState(int index) => _nextStates.AsSpan(index * stateSize, stateSize);
}
