using EdgeML.Native.Control.Controllers;
using EdgeML.Simulation.Replay;

namespace EdgeML.Simulation.Sweeps;

/// <summary>The gain of the learned residual of <c>edgeml</c>: its goodput less that of <see cref="ReplayControllers.EdgeMLPlan"/>, cell by
/// cell.</summary>
/// <param name="Cells">Cells that have both rows.</param>
/// <param name="Mean">Over the cells, as a share of the tasks.</param>
/// <param name="Least">The smallest difference of a cell.</param>
/// <param name="Most">The largest.</param>
sealed record SweepResidual(int Cells, double Mean, double Least, double Most)
{
    /// <summary>Over all cells that have both rows; null where none has.</summary>
    public static SweepResidual? Of(IReadOnlyList<SweepCellResult> results)
    {
        ArgumentNullException.ThrowIfNull(results);
        var differences = new List<double>();
        foreach (SweepCellResult cell in results)
        {
            if (cell.Find(PolicyControllers.EdgeML) is { } with && cell.Find(ReplayControllers.EdgeMLPlan) is { } without)
                differences.Add(with.Goodput - without.Goodput);
        }
        return differences.Count == 0
            ? null : new SweepResidual(differences.Count, differences.Average(), differences.Min(), differences.Max());
    }

    /// <summary>In one line, in points.</summary>
    public override string ToString() => FormattableString.Invariant(
        $"goodput of edgeml less edgeml-plan over {Cells} cells: {100 * Mean:+0.00;-0.00} points on average, {100 * Least:+0.00;-0.00} to {100 * Most:+0.00;-0.00} in a cell");
}
