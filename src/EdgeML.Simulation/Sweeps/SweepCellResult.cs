using EdgeML.Native.Control.Controllers;
using EdgeML.Simulation.Replay;

namespace EdgeML.Simulation.Sweeps;

/// <summary>The rows of one cell that ran to the end.</summary>
/// <param name="Cell">The cell.</param>
/// <param name="Rows">At least one; see <see cref="CanBeJudged"/>.</param>
sealed record SweepCellResult(SweepCell Cell, IReadOnlyList<SweepRow> Rows)
{
    /// <summary>Up to this lead of the oracle over the best baseline, a cell is saturated.</summary>
    public const double SaturatedLead = 0.03;

    /// <summary>The default controller.</summary>
    public SweepRow Ours => Find(PolicyControllers.EdgeML)!;

    /// <summary>The upper bound.</summary>
    public SweepRow Oracle => Find(ReplayControllers.Oracle)!;

    /// <summary>All rows but <c>edgeml</c> and the oracle.</summary>
    public IEnumerable<SweepRow> Baselines =>
        Rows.Where(row => row.Controller is not (PolicyControllers.EdgeML or ReplayControllers.Oracle));

    /// <summary>The baseline with the best goodput; the first of equals.</summary>
    public SweepRow BestBaseline => Baselines.MaxBy(row => row.Goodput)!;

    /// <summary>Whether the oracle leaves baselines nothing to gain.</summary>
    public bool Saturated => Oracle.Goodput - BestBaseline.Goodput <= SaturatedLead;

    /// <summary>A row by name, or null.</summary>
    public SweepRow? Find(string controller) => Rows.FirstOrDefault(row => row.Controller == controller);

    /// <summary>Whether edgeml, oracle and a baseline ran to their end.</summary>
    public bool CanBeJudged =>
        Find(PolicyControllers.EdgeML) is not null && Find(ReplayControllers.Oracle) is not null && Baselines.Any();
}
