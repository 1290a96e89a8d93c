using System.Globalization;
using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Control.Planning;

namespace EdgeML.Simulation.Sweeps;

/// <summary>The inequalities of the acceptance over finished cells; means over seeds are compared.</summary>
static class SweepVerdicts
{
    /// <summary>Goodput that may be missing to a baseline.</summary>
    public const double Tolerance = 0.005;

    /// <summary>Share of the oracle's goodput within the first 100 tasks and after them.</summary>
    public const double FirstShare = 0.90, AfterShare = 0.95;

    /// <summary>Median tasks from a change of the link until bounds are met again, on S3.</summary>
    public const double MostAdaptation = 10;

    /// <summary>All of them.</summary>
    public static IReadOnlyList<SweepVerdict> Judge(IReadOnlyList<SweepCellResult> results)
    {
        SweepCellResult[] judged = [.. results.Where(result => result.CanBeJudged)];
        SweepCellResult[] cells = [.. judged.Where(result => result.Cell.Part == SweepPart.Acceptance)];
        return
        [
            OverCells("goodput of edgeml at most 0.5 points below every row but the oracle", cells,
                cell => cell.Ours.Goodput - cell.BestBaseline.Goodput + Tolerance,
                cell => $"{Points(cell.Ours.Goodput)} against {Points(cell.BestBaseline.Goodput)} of {cell.BestBaseline.Controller}"),
            Ahead(cells),
            OverCells("after the first 100 tasks at least 0.95 x the oracle's goodput", cells,
                cell => cell.Ours.After - (AfterShare * cell.Oracle.After),
                cell => $"{Points(cell.Ours.After)} of {Points(cell.Oracle.After)}, {Ratio(cell.Ours.After, cell.Oracle.After)} x"),
            OverCells("within the first 100 tasks at least 0.90 x the oracle's goodput", cells,
                cell => cell.Ours.First - (FirstShare * cell.Oracle.First),
                cell => $"{Points(cell.Ours.First)} of {Points(cell.Oracle.First)}, {Ratio(cell.Ours.First, cell.Oracle.First)} x"),
            OverCells("on S3 a median adaptation of at most 10 tasks", [.. cells.Where(cell => cell.Cell.Link == "S3")],
                cell => MostAdaptation - cell.Ours.Adaptation,
                cell => string.Create(CultureInfo.InvariantCulture, $"{cell.Ours.Adaptation:0.#} tasks")),
            OverCells("constant link, exact profile: at most 0.5 points below the planner",
                [.. judged.Where(cell => cell.Cell.Part == SweepPart.Exact && cell.Find(PolicyControllers.Planner) is not null)],
                cell => cell.Ours.Goodput - cell.Find(PolicyControllers.Planner)!.Goodput + Tolerance,
                cell => $"{Points(cell.Ours.Goodput)} against {Points(cell.Find(PolicyControllers.Planner)!.Goodput)}"),
        ];
    }

    /// <summary>On average over the cells that are not saturated, ahead of every baseline: each over the cells it ran in.</summary>
    static SweepVerdict Ahead(SweepCellResult[] cells)
    {
        SweepCellResult[] open = [.. cells.Where(cell => !cell.Saturated)];
        var failures = new List<(double Margin, string Text)>();
        string[] baselines = [.. open.SelectMany(cell => cell.Baselines).Select(row => row.Controller).Distinct()];
        foreach (string baseline in baselines)
        {
            SweepCellResult[] shared = [.. open.Where(cell => cell.Find(baseline) is not null)];
            (double ours, double theirs) = (shared.Average(cell => cell.Ours.Goodput), shared.Average(cell => cell.Find(baseline)!.Goodput));
            if (ours <= theirs)
                failures.Add((ours - theirs, $"{baseline}: {Points(ours)} against {Points(theirs)} over {shared.Length} cells"));
        }
        string demand = $"better than every row but the oracle, on average over the {open.Length} cells that are not saturated (rows)";
        string[] texts = [.. failures.OrderBy(failure => failure.Margin).Select(failure => failure.Text)];
        return new SweepVerdict(demand, baselines.Length - texts.Length, baselines.Length, texts);
    }

    static SweepVerdict OverCells(
        string demand, SweepCellResult[] cells, Func<SweepCellResult, double> margin, Func<SweepCellResult, string> numbers)
    {
        // Not a number fails: a demand that could not be computed does not hold. A hair is left for rounding of sums.
        SweepCellResult[] failed = [.. cells.Where(cell => !(margin(cell) >= -1e-12)).OrderBy(margin)];
        return new SweepVerdict(
            demand, cells.Length - failed.Length, cells.Length, [.. failed.Select(cell => $"{cell.Cell.Name}: {numbers(cell)}")]);
    }

    internal static string Points(double share) => (100 * share).ToString("0.0", CultureInfo.InvariantCulture);

    static string Ratio(double part, double whole) => (part / whole).ToString("0.000", CultureInfo.InvariantCulture);
}

/// <summary>One demand of the acceptance and its outcome.</summary>
/// <param name="Demand">In one sentence.</param>
/// <param name="Held">Cells, or rows, where it holds.</param>
/// <param name="Asked">Cells, or rows, where it was asked; 0 means that nothing was measured.</param>
/// <param name="Failures">One line each, with the numbers, the worst first.</param>
sealed record SweepVerdict(string Demand, int Held, int Asked, IReadOnlyList<string> Failures)
{
    /// <summary>Whether it was measured and holds everywhere.</summary>
    public bool Holds => Asked > 0 && Held == Asked;
}
