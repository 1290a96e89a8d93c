using System.Numerics;
using EdgeML.Native.Policies;

namespace EdgeML.Native.Control.Costs;

/// <summary>The threshold vectors a planner chooses from, with the exit shares and accuracies each leads to in every difficulty
/// stratum.</summary>
/// <remarks>
/// Up to three side exits: the full grid over <see cref="Levels"/>, without points that differ only after an exit that every sample takes.
/// Beyond that the grid explodes; vectors found by coordinate descent on accuracy against cost, over many prices of cost and three
/// mixes of inputs, stand in for it. Points are sorted by which heads run at all, because that alone decides the cost of a path.
/// </remarks>
sealed class ThresholdGrid
{
    /// <summary>Thresholds tried, normalised entropy: finer near 0, where most inputs are.</summary>
    public static readonly float[] Levels = [0f, .05f, .1f, .2f, .3f, .4f, .5f, .6f, .7f, .8f, .9f, 1f];

    /// <summary>Enough to trade accuracy for energy, few enough to go through in a few microseconds.</summary>
    public static readonly float[] CompactLevels = [0f, .1f, .3f, .6f, 1f];

    /// <summary>Mixes of inputs that vectors are looked for under: all of them, the easy half of the strata (1), the hard half.</summary>
    const int AllInputs = 0, HardInputs = 2;

    readonly float[] _thresholds;

    /// <param name="samples">The exits' outputs for calibration samples.</param>
    /// <param name="pathCost">Of leaving at each exit.</param>
    /// <param name="limits">Largest threshold of each side exit, which the levels then divide; null for 1.</param>
    /// <param name="fine">All <see cref="Levels"/>; otherwise the compact ones.</param>
    /// <param name="sceptical">Gives side exits no credit for being right where the whole network is wrong; otherwise they are judged by
    /// their results on the samples.</param>
    public ThresholdGrid(SampleSet samples, ReadOnlySpan<double> pathCost, IReadOnlyList<float>? limits = null, bool fine = true,
        bool sceptical = false)
    {
        SideExits = samples.Exits - 1;
        float[][] levels = [.. Enumerable.Range(0,
            SideExits).Select(exit => LevelsUpTo(limits?[exit] ?? 1f, fine ? Levels : CompactLevels))];
        List<float[]> points = SideExits <= CostDefaults.MaxFullGridExits ? FullGrid(levels) : DescentGrid(samples, pathCost.ToArray(), levels);
        var groups = new List<Group>();
        var ordered = new List<float[]>();
        foreach (IGrouping<uint, float[]> group in points.GroupBy(point => samples.Rule.Tried(point)).OrderBy(group => group.Key))
        {
            int start = ordered.Count;
            ordered.AddRange(group);
            // Whole vectors: the last point is repeated, which changes no choice.
            while (ordered.Count % Vector<float>.Count != 0) ordered.Add(ordered[^1]);
            int last = 31 - BitOperations.LeadingZeroCount(group.Key);
            int parent = group.Key == 0 ? -1 : groups.FindIndex(other => other.HeadMask == (group.Key & ~(1u << last)));
            groups.Add(new Group(group.Key, start, ordered.Count, last, parent));
        }
        Groups = [.. groups];
        Count = ordered.Count;
        _thresholds = new float[Count * SideExits];
        for (int point = 0; point < Count; point++) ordered[point].CopyTo(_thresholds, point * SideExits);
        Shares = Table(samples.Strata, samples.Exits);
        Rights = Table(samples.Strata, samples.Exits);
        Accuracies = [.. Enumerable.Range(0, samples.Strata).Select(_ => new float[samples.Exits])];
        RightOnSamples = !sceptical ? Rights : Table(samples.Strata, samples.Exits);
        for (int sample = 0; sample < samples.Count; sample++)
        {
            int stratum = samples.Stratum[sample];
            bool credited = !sceptical || samples.Correct[^1][sample] > 0;
            for (int exit = 0; exit < samples.Exits && credited; exit++)
                Accuracies[stratum][exit] += samples.Correct[exit][sample] / samples.StratumCount[stratum];
        }
        for (int point = 0; point < Count; point++)
        {
            for (int sample = 0; sample < samples.Count; sample++)
            {
                int stratum = samples.Stratum[sample];
                int exit = samples.ExitOf(sample, Thresholds(point));
                float share = 1f / samples.StratumCount[stratum];
                Shares[stratum][exit][point] += share;
                // A side exit that is right where the whole network is wrong agrees with the label by chance, and saving latency or
                // energy is reason enough to use one. A grid that counts such gains picks the noisiest of its points.
                bool credited = !sceptical || samples.Correct[samples.Exits - 1][sample] > 0;
                if (credited) Rights[stratum][exit][point] += share * samples.Correct[exit][sample];
                if (sceptical) RightOnSamples[stratum][exit][point] += share * samples.Correct[exit][sample];
            }
        }
    }

    /// <summary>Points that run the same heads.</summary>
    /// <param name="HeadMask">The heads.</param>
    /// <param name="Start">Its first point.</param>
    /// <param name="End">One past its last sample.</param>
    /// <param name="LastHead">The last head, 0-based; -1 for none.</param>
    /// <param name="Parent">The group that runs all of them but the last one, which stands before this; -1 for none.</param>
    public readonly record struct Group(uint HeadMask, int Start, int End, int LastHead, int Parent);

    public int SideExits { get; }

    public int Count { get; }

    public Group[] Groups { get; }

    /// <summary>[stratum][exit][point]: share of the stratum's samples leaving at the exit.</summary>
    public float[][][] Shares { get; }

    /// <summary>The same, only those answered right, as far as the grid credits them.</summary>
    public float[][][] Rights { get; }

    /// <summary>The same, all that were answered right.</summary>
    public float[][][] RightOnSamples { get; }

    /// <summary>[stratum][exit]: share of the stratum's samples that the exit has right, as far as the grid credits it.</summary>
    public float[][] Accuracies { get; }

    public ReadOnlySpan<float> Thresholds(int point) => _thresholds.AsSpan(point * SideExits, SideExits);

    float[][][] Table(int strata, int exits) =>
        [.. Enumerable.Range(0, strata).Select(_ => Enumerable.Range(0, exits).Select(_ => new float[Count]).ToArray())];

    static float[] LevelsUpTo(float limit, float[] levels) => limit == 0f ? [0f] : [.. levels.Select(level => level * limit)];

    static List<float[]> FullGrid(float[][] levels)
    {
        List<float[]> points = [new float[levels.Length]];
        for (int exit = 0; exit < levels.Length; exit++)
        {
            var next = new List<float[]>();
            foreach (float[] point in points)
            {
                // After a threshold of 1 nearly no input is left: the rest stays 0.
                bool closed = point.AsSpan(0, exit).Contains(1f);
                foreach (float level in closed ? levels[exit].AsSpan(0, 1) : levels[exit])
                {
                    float[] longer = [.. point];
                    longer[exit] = level;
                    next.Add(longer);
                }
            }
            points = next;
        }
        return points;
    }

    static List<float[]> DescentGrid(SampleSet samples, double[] pathCost, float[][] levels)
    {
        int exits = samples.Exits - 1;
        var points = new List<float[]>();
        var seen = new HashSet<ExitPolicy>();
        void Add(float[] point)
        {
            if (points.Count < CostDefaults.MaxGridPoints && seen.Add(new ExitPolicy(point, 0))) points.Add([.. point]);
        }
        for (int i = 0; i < levels.Max(own => own.Length); i++) Add([.. levels.Select(own => own[Math.Min(i, own.Length - 1)])]);
        for (int only = 0; only < exits; only++)
        {
            float[] one = new float[exits];
            one[only] = levels[only][^1];
            Add(one);
        }
        double scale = Math.Max(pathCost[^1], CostDefaults.LeastPathMs);
        double Value(float[] point, int mix, double price)
        {
            (double sum, int count) = (0, 0);
            for (int i = 0; i < samples.Count; i++)
            {
                bool hard = samples.Stratum[i] * 2 >= samples.Strata;
                if (mix != AllInputs && hard != (mix == HardInputs)) continue;
                int exit = samples.ExitOf(i, point);
                sum += samples.Correct[exit][i] - (price * pathCost[exit] / scale);
                count++;
            }
            return sum / Math.Max(count, 1);
        }
        for (int mix = AllInputs; mix <= HardInputs; mix++)
        {
            for (double price = CostDefaults.FirstPrice; price < CostDefaults.EndPrice; price *= CostDefaults.PriceStep)
            {
                float[] point = [.. levels.Select(own => own[own.Length / CostDefaults.StartLevelDivisor])];
                for (int sweep = 0; sweep < CostDefaults.GridSweeps; sweep++)
                {
                    for (int exit = 0; exit < exits; exit++)
                    {
                        (float best, double bestValue) = (point[exit], double.NegativeInfinity);
                        foreach (float level in levels[exit])
                        {
                            point[exit] = level;
                            double value = Value(point, mix, price);
                            if (value > bestValue) (best, bestValue) = (level, value);
                        }
                        point[exit] = best;
                        Add(point);
                    }
                }
            }
        }
        return points;
    }
}
