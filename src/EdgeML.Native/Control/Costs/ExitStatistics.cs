namespace EdgeML.Native.Control.Costs;

/// <summary>Exit rates and accuracies on sample inputs, counted once; threads may share one.</summary>
/// <param name="samples">The inputs.</param>
/// <param name="pathCost">Milliseconds to every exit; only grids of more than three side exits depend on them.</param>
/// <param name="limits">Largest threshold of each side exit; null for 1.</param>
/// <param name="sceptical">Whether the fine grid, too, gives side exits no credit for being right where the whole network is wrong.</param>
sealed class ExitStatistics(SampleSet samples, double[] pathCost, IReadOnlyList<float>? limits = null, bool sceptical = false)
{
    readonly Lazy<ThresholdGrid> _grid = new(() => new ThresholdGrid(samples, pathCost, limits, sceptical: sceptical));
    readonly Lazy<ThresholdGrid> _compact = new(() => new ThresholdGrid(samples, pathCost, limits, fine: false, sceptical: true));

    public SampleSet Samples => samples;

    /// <summary>Fine levels; exits judged by their results on the samples, sceptically if requested.</summary>
    public ThresholdGrid Grid => _grid.Value;

    /// <summary>Few levels, exits judged sceptically: an online planner searches them in a few microseconds.</summary>
    public ThresholdGrid Compact => _compact.Value;
}
