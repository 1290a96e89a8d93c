namespace EdgeML.Training.Calibration;

/// <summary>A path of thresholds from 0 outwards in a fixed proportion: t_j = min(1, s r_j). Every point contains all before it, so
/// losses inside only grow along it.</summary>
/// <param name="Direction">r_j of each side exit, the largest 1.</param>
sealed record ThresholdPath(double[] Direction)
{
    static readonly double[] s_parts = [0, 0.25, 0.5, 0.75, 1];

    /// <summary>The proportions tried: all up to four side exits, beyond that equal thresholds as a start for descent.</summary>
    public static IEnumerable<ThresholdPath> Starts(int exits)
    {
        if (exits > 4) return [new ThresholdPath([.. Enumerable.Repeat(1.0, exits)])];
        IEnumerable<double[]> all = [[]];
        for (int exit = 0; exit < exits; exit++) all = all.SelectMany(_ => s_parts, (head, part) => (double[])[.. head, part]);
        return all.Where(direction => direction.Max() == 1).Select(direction => new ThresholdPath(direction));
    }

    /// <summary>The same path with another part for one exit; the largest stays 1.</summary>
    public IEnumerable<ThresholdPath> Neighbours(int exit) => s_parts
        .Where(part => part != Direction[exit])
        .Select(part => new ThresholdPath([.. Direction.Select((own, i) => i == exit ? part : own)]))
        .Where(path => path.Direction.Max() == 1);

    /// <summary>The thresholds as far out as no more than so many rows are lost inside them, rounded down to five digits.</summary>
    public float[] Limits(ExitSamples samples, ReadOnlySpan<int> rows, int allowed)
    {
        var reaches = new double[rows.Length];
        for (int i = 0; i < rows.Length; i++) reaches[i] = samples.Reach(rows[i], Direction);
        Array.Sort(reaches);
        // The first row too many does not fire at its own entropy, since an exit fires strictly below.
        double reach = allowed < reaches.Length ? reaches[allowed] : double.PositiveInfinity;
        return [.. Direction.Select(part => part == 0 ? 0f : RoundedDown(Math.Min(1, reach * part)))];
    }

    static float RoundedDown(double threshold)
    {
        double floor = Math.Floor(threshold * 1e5) / 1e5;
        float single = (float)floor;
        return single <= threshold ? single : MathF.BitDecrement(single);
    }
}
