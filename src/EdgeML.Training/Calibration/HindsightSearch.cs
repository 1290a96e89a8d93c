using System.Numerics;

namespace EdgeML.Training.Calibration;

/// <summary>The thresholds that save most on a pool while losing at most so many of its samples: known only in hindsight.</summary>
/// <remarks>Every combination of levels, counted on bits; then each threshold in turn on all of its pool's entropies.</remarks>
sealed class HindsightSearch
{
    const int MostCombinations = 400_000;

    readonly ExitSamples _pool;
    readonly int[] _rows;
    readonly int _allowed;
    readonly float[][] _levels;
    readonly ulong[][][] _fires;
    readonly ulong[][] _lost;
    readonly float[] _point;
    readonly int[] _leaving;
    float[] _best;
    double _most = double.NegativeInfinity;

    public HindsightSearch(ExitSamples pool, double maxLoss)
    {
        (_pool, _rows, _allowed) = (pool, [.. Enumerable.Range(0, pool.Count)], (int)(maxLoss * pool.Count));
        int levels = (int)Math.Clamp(Math.Pow(MostCombinations, 1.0 / pool.SideExits), 3, 100);
        _levels = [.. Enumerable.Range(0, pool.SideExits).Select(exit => LevelsOf(exit, levels))];
        _lost = [.. Enumerable.Range(0, pool.SideExits).Select(exit => Bits(row => pool.IsLost(row, exit)))];
        _fires = [.. _levels.Select((own, exit) => own.Select(level => Bits(row => pool.Entropy(row, exit) < level)).ToArray())];
        (_point, _best, _leaving) = (new float[pool.SideExits], new float[pool.SideExits], new int[pool.SideExits]);
    }

    /// <summary>The best thresholds found and the share of work they save.</summary>
    public (float[] Thresholds, double Saved) Find()
    {
        Descend(0, new ulong[(_pool.Count + 63) / 64], 0);
        for (bool better = true; better;)
        {
            better = false;
            for (int exit = 0; exit < _pool.SideExits; exit++) better |= Refine(exit);
        }
        return (_best, _most);
    }

    void Descend(int exit, ulong[] gone, int lost)
    {
        if (exit == _pool.SideExits)
        {
            OfferCounted(gone);
            return;
        }
        for (int level = 0; level < _levels[exit].Length; level++)
        {
            ulong[] fires = _fires[exit][level], after = new ulong[gone.Length];
            (int sum, int leaving) = (lost, 0);
            for (int i = 0; i < gone.Length; i++)
            {
                ulong here = fires[i] & ~gone[i];
                sum += BitOperations.PopCount(here & _lost[exit][i]);
                leaving += BitOperations.PopCount(here);
                after[i] = gone[i] | fires[i];
            }
            // A higher level only loses more here.
            if (sum > _allowed) break;
            (_point[exit], _leaving[exit]) = (_levels[exit][level], leaving);
            Descend(exit + 1, after, sum);
        }
    }

    void OfferCounted(ulong[] gone)
    {
        Span<double> work = stackalloc double[_pool.SideExits + 1];
        _pool.Work.Fill(_point, work);
        double done = (_pool.Count - CountOf(gone)) * work[^1];
        for (int exit = 0; exit < _leaving.Length; exit++) done += _leaving[exit] * work[exit];
        double saved = 1 - (done / _pool.Count);
        if (saved > _most) (_best, _most) = ([.. _point], saved);
    }

    /// <summary>Just above each entropy is all that can differ.</summary>
    bool Refine(int exit)
    {
        double before = _most;
        float[] point = [.. _best];
        foreach (int row in _rows)
        {
            if (_pool.Entropy(row, exit) is not (<= 1f and var entropy)) continue;
            point[exit] = Math.Min(1f, MathF.BitIncrement(entropy));
            Offer(point);
        }
        return _most > before + 1e-12;
    }

    void Offer(float[] point)
    {
        (int lost, double saved) = _pool.Measure(_rows, point);
        if (lost <= _allowed && saved > _most) (_best, _most) = ([.. point], saved);
    }

    static int CountOf(ulong[] bits)
    {
        int count = 0;
        foreach (ulong word in bits) count += BitOperations.PopCount(word);
        return count;
    }

    float[] LevelsOf(int exit, int count)
    {
        float[] sorted = [.. _rows.Select(row => _pool.Entropy(row, exit)).Where(entropy => entropy <= 1f).Order()];
        return [0f, .. Enumerable.Range(1, count - 1).Select(i => sorted[(int)((long)i * (sorted.Length - 1) / (count - 1))]).Distinct()];
    }

    ulong[] Bits(Func<int, bool> isSet)
    {
        var bits = new ulong[(_pool.Count + 63) / 64];
        foreach (int row in _rows)
        {
            if (isSet(row)) bits[row / 64] |= 1UL << (row % 64);
        }
        return bits;
    }
}
