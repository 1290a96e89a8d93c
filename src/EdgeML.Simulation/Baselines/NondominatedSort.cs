namespace EdgeML.Simulation.Baselines;

/// <summary>Sorts points into fronts: the first is dominated by nothing, the next only by those before it. Less is better.</summary>
/// <param name="capacity">Most points.</param>
/// <param name="objectives">Numbers a point.</param>
sealed class NondominatedSort(int capacity, int objectives)
{
    readonly int[] _dominators = new int[capacity];

    /// <summary>Front of each point, from 0.</summary>
    public int[] Front { get; } = new int[capacity];

    /// <summary>Ranks the first <paramref name="count"/> points, which lie side by side; returns the number of fronts.</summary>
    public int Rank(ReadOnlySpan<double> values, int count)
    {
        for (int i = 0; i < count; i++)
        {
            (_dominators[i], Front[i]) = (0, -1);
            for (int j = 0; j < count; j++)
            {
                if (Dominates(values.Slice(j * objectives, objectives), values.Slice(i * objectives, objectives))) _dominators[i]++;
            }
        }
        int front = 0;
        for (int ranked = 0; ranked < count; front++)
        {
            for (int i = 0; i < count; i++)
            {
                if (Front[i] >= 0 || _dominators[i] != 0) continue;
                Front[i] = front;
                ranked++;
            }
            for (int i = 0; i < count; i++)
            {
                if (Front[i] != front) continue;
                for (int j = 0; j < count; j++)
                {
                    if (Front[j] < 0 && Dominates(values.Slice(i * objectives, objectives), values.Slice(j * objectives, objectives)))
                        _dominators[j]--;
                }
            }
        }
        return front;
    }

    /// <summary>Whether one point is nowhere worse than the other and somewhere better.</summary>
    public static bool Dominates(ReadOnlySpan<double> one, ReadOnlySpan<double> other)
    {
        bool better = false;
        for (int i = 0; i < one.Length; i++)
        {
            if (one[i] > other[i]) return false;
            better |= one[i] < other[i];
        }
        return better;
    }
}
