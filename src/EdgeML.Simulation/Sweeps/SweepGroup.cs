using EdgeML.Simulation.Replay;

namespace EdgeML.Simulation.Sweeps;

/// <summary>Cells taken together: means over them, seed by seed.</summary>
/// <param name="Cells">Cells that can be judged, at least one.</param>
sealed record SweepGroup(IReadOnlyList<SweepCellResult> Cells)
{
    /// <summary>The mean of a row's number over the cells, and half of its 95 % interval over seeds; NaN where the row did not run in all of
    /// them.</summary>
    public (double Mean, double HalfWidth) Of(string controller, Func<ReplayMetrics, double> number)
    {
        SweepRow?[] rows = [.. Cells.Select(cell => cell.Find(controller))];
        if (rows.Any(row => row is null)) return (double.NaN, double.NaN);
        int seeds = rows.Min(row => row!.Samples.Count);
        return ReplayPool.Interval(
            [.. Enumerable.Range(0, seeds).Select(seed => rows.Average(row => number(row!.Samples[seed].Metrics)))]);
    }

    public (double Mean, double HalfWidth) Goodput(string controller) => Of(controller, metrics => metrics.Goodput);

    /// <summary>The baseline with the best goodput of those that ran in all cells.</summary>
    public string BestBaseline => Cells[0].Baselines.Select(row => row.Controller)
        .Where(name => double.IsFinite(Goodput(name).Mean)).MaxBy(name => Goodput(name).Mean)!;
}
