using EdgeML.Native.Numerics;

namespace EdgeML.Native.Control.Learning;

/// <summary>The training data of an agent: its own transitions and, at the start, those of another device.</summary>
/// <remarks>Of a batch, half or another share is the other's at first, none after 300 own transitions; where its own are too few, the
/// other's fill up.</remarks>
sealed class MixedReplay(ReplayBuffer own, ReplayBuffer? source, double firstShare = 0.5)
{
    int _added;

    double Share => source is { Count: > 0 } ? firstShare * Math.Max(0, 1 - ((double)_added / LearningDefaults.SharedTransitions)) : 0;

    public bool Has(int transitions) => own.Count >= transitions || (Share > 0 && source!.Count >= transitions);

    public void Add(ReadOnlySpan<float> state, ReadOnlySpan<float> action, float reward, ReadOnlySpan<float> nextState)
    {
        own.Add(state, action, reward, nextState);
        _added = Math.Min(_added + 1, LearningDefaults.SharedTransitions);
    }

    /// <summary>Draws the transitions of a batch.</summary>
    public void Pick(Span<int> picked, SeededRandom random)
    {
        double share = Share;
        int foreign = share > 0 ? Math.Max((int)Math.Round(share * picked.Length), picked.Length - own.Count) : 0;
        for (int row = 0; row < picked.Length; row++)
            picked[row] = row < foreign ? own.Capacity + random.Below(source!.Count) : random.Below(own.Count);
    }

    public ReadOnlySpan<float> State(int index) => Of(ref index).State(index);

    public ReadOnlySpan<float> Action(int index) => Of(ref index).Action(index);

    public float Reward(int index) => Of(ref index).Reward(index);

    public ReadOnlySpan<float> NextState(int index) => Of(ref index).NextState(index);

    ReplayBuffer Of(ref int index)
    {
        if (index < own.Capacity) return own;
        index -= own.Capacity;
        return source!;
    }
}
