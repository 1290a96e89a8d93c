using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Control.Planning;
using EdgeML.Simulation.Replay;

namespace EdgeML.Simulation.Sweeps;

/// <summary>The tables over links and settings: goodput of every row, and the oracle's lead.</summary>
static class SweepSummary
{
    const int MostCells = 8;

    public static void Write(MarkdownPage page, SweepCellResult[] cells)
    {
        page.Heading("In short");
        page.Text("Mean goodput over the cells of a link and a setting. Ahead: edgeml minus the best baseline of the cell.");
        page.Text("");
        page.Head("link", "setting", "cells", "edgeml", "planner", "ddpg", "best baseline", "ahead", "oracle", "of the oracle's");
        foreach (IGrouping<SweepSetting, SweepCellResult> all in cells.GroupBy(cell => cell.Cell.Setting))
            Row(page, "**all**", all.Key.Name, new SweepGroup([.. all]));
        foreach (var group in cells.GroupBy(cell => (cell.Cell.Link, cell.Cell.Setting)).OrderBy(group => Rank(group.Key.Link)))
            Row(page, group.Key.Link, group.Key.Setting.Name, new SweepGroup([.. group]));
    }

    /// <summary>The oracle's lead, and the cells where another row passes it.</summary>
    public static void WriteRoom(MarkdownPage page, SweepCellResult[] cells)
    {
        SweepCellResult[] open = [.. cells.Where(cell => !cell.Saturated).OrderByDescending(cell => -Room(cell))];
        page.Heading("Saturated cells");
        page.Line($"{cells.Length - open.Length} of {cells.Length}: the oracle leads the best baseline by at most 3 points. Saturated cells of all, and");
        page.Text("the oracle's largest lead in points, by link and setting:");
        page.Text("");
        SweepSetting[] settings = [.. cells.Select(cell => cell.Cell.Setting).Distinct()];
        page.Head(["link", .. settings.Select(setting => setting.Name)]);
        foreach (IGrouping<string, SweepCellResult> link in cells.GroupBy(cell => cell.Cell.Link).OrderBy(group => Rank(group.Key)))
        {
            page.Row([link.Key, .. settings.Select(setting =>
            {
                SweepCellResult[] here = [.. link.Where(cell => cell.Cell.Setting == setting)];
                if (here.Length == 0) return "";
                // Adding 0 makes -0 a 0.
                double lead = Math.Round(100 * here.Max(Room), 1) + 0;
                return FormattableString.Invariant($"{here.Count(cell => cell.Saturated)} of {here.Length}, {lead:0.0}");
            })]);
        }
        if (open.Length > 0)
        {
            page.Text("");
            page.Text("Not saturated:");
            page.Text("");
            foreach (SweepCellResult cell in open)
            {
                page.Text($"- {cell.Cell.Name}: edgeml {MarkdownPage.Points(cell.Ours.Goodput)}, best baseline {cell.BestBaseline.Controller} " +
                    $"{MarkdownPage.Points(cell.BestBaseline.Goodput)}, oracle {MarkdownPage.Points(cell.Oracle.Goodput)}");
            }
        }
        SweepCellResult[] above = [.. cells.Where(cell => Lead(cell) > 0).OrderByDescending(Lead)];
        page.Heading("How far the oracle is a ceiling");
        page.Line($"It knows link, times and mix, but plans on averages with margins, so it is no upper bound. Another row passes it in");
        page.Line($"{above.Length} of {cells.Length} cells, in {above.Count(cell => Lead(cell) > SweepVerdicts.Tolerance)} by more than 0.5 points.");
        if (above.Length > 0) page.Text("");
        foreach (SweepCellResult cell in above.Where(cell => Lead(cell) > SweepVerdicts.Tolerance).Take(MostCells))
        {
            SweepRow best = Best(cell);
            page.Text($"- {cell.Cell.Name}: {best.Controller} {MarkdownPage.Points(best.Goodput)}, oracle " +
                MarkdownPage.Points(cell.Oracle.Goodput));
        }
    }

    static void Row(MarkdownPage page, string link, string setting, SweepGroup group)
    {
        string baseline = group.BestBaseline;
        (double ours, double theirs) = (group.Goodput(PolicyControllers.EdgeML).Mean, group.Goodput(baseline).Mean);
        double share = ours / group.Goodput(ReplayControllers.Oracle).Mean;
        page.Row(link, setting, MarkdownPage.Number(group.Cells.Count, "0"), Goodput(PolicyControllers.EdgeML),
            Goodput(PolicyControllers.Planner), Goodput(PolicyControllers.Ddpg), $"{baseline} {MarkdownPage.Points(theirs)}",
            MarkdownPage.Number(100 * (ours - theirs), "+0.0;-0.0;0.0"), Goodput(ReplayControllers.Oracle),
            MarkdownPage.Number(share, "0.000"));

        string Goodput(string controller) => MarkdownPage.Points(group.Goodput(controller));
    }

    // The paper's links first.
    static string Rank(string link) => link.StartsWith('S') ? " " + link : link;

    static double Room(SweepCellResult cell) => cell.Oracle.Goodput - cell.BestBaseline.Goodput;

    static SweepRow Best(SweepCellResult cell) => cell.Ours.Goodput > cell.BestBaseline.Goodput ? cell.Ours : cell.BestBaseline;

    static double Lead(SweepCellResult cell) => Best(cell).Goodput - cell.Oracle.Goodput;
}
