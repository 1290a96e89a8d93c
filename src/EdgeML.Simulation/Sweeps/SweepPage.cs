using EdgeML.Native.Control.Controllers;
using EdgeML.Simulation.Replay;

namespace EdgeML.Simulation.Sweeps;

/// <summary>Writes a sweep as a page of Markdown: the summary first, every cell in the table beside it.</summary>
static class SweepPage
{
    /// <summary>Lines of one demand that fails before the rest is counted only.</summary>
    const int MostFailures = 8;

    const string Preface =
        """
        Goodput is the share of tasks answered right and inside both bounds. Shares are in percent, `+-` is half a 95 % interval
        over seeds, inequalities compare means over seeds. Acceptance cells have compute jitter of 5 %, true unit times up to 15 %
        off the profile, and inputs that turn from easy to hard or from hard to easy in mid-run. Their bounds are on latency and on
        the paper's frequency, which is computed over the latency bound. S2 has 2,500 tasks, everything else 1,000; S2 and S3 have
        an RTT of 12 ms, which the paper does not give, and no raw input. Traces run as they were measured, most of them downlink,
        with an RTT of 12 and 44 ms, raw input off and on: eight cells per trace and setting. `fixed` has no row: without its own
        policy it is `edge-only`. Where the tail may be late, `edgeml` and the oracle use standby exits; the other rows do not.
        docs/reference/paper.md explains S2 to S6 and P15 to P50.
        """;

    /// <summary>Writes the page.</summary>
    /// <param name="writer">Receives the text.</param>
    /// <param name="report">The sweep.</param>
    /// <param name="table">File name of the table of all cells, to point to.</param>
    public static void Write(TextWriter writer, SweepReport report, string table)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(report);
        var page = new MarkdownPage(writer);
        page.Text("# Controllers in the replay simulator");
        page.Text("");
        page.Text($"    {report.CommandLine}");
        page.Text("");
        page.Text($"{report.Machine}. {Extent(report)} {Effort(report)}");
        page.Text($"Every row of every cell: [{table}]({table}).");
        page.Text("");
        page.Text(Preface);
        SweepCellResult[] judged = [.. report.Results.Where(result => result is { CanBeJudged: true, Cell.Part: SweepPart.Acceptance })];
        if (judged.Length > 0) SweepSummary.Write(page, judged);
        page.Heading("Acceptance");
        foreach (SweepVerdict verdict in SweepVerdicts.Judge(report.Results)) Verdict(page, verdict);
        if (SweepResidual.Of(report.Results) is { } residual)
        {
            page.Heading("The gain of the learned residual");
            page.Text($"The {residual}.");
        }
        Directions(page, report.Results);
        Adaptation(page, [.. judged.Where(result => result.Cell.Link == SweepPaperPlan.S3)]);
        if (judged.Length > 0) SweepSummary.WriteRoom(page, judged);
        Baselines(page, judged);
        Paper(page, report.Results);
    }

    static string Extent(SweepReport report)
    {
        string plan = report.Filter.Length > 0 ? $"the part of the plan that {report.Filter} leaves"
            : report.Quick ? "the short plan (--quick: two traces, all rows on S2 and S3 only)" : "the whole plan";
        if (report.Done == report.Runs) return $"This is all of {plan}: {report.Cells} cells, {report.Runs} runs.";
        int full = report.Results.Count(result => result.Rows.Count == result.Cell.Rows.Count);
        return $"**This is a part of {plan}, cut short by --minutes: {report.Done} of {report.Runs} runs.** Of {report.Cells} cells {full} " +
            "have all their rows; rows without all seeds are left out.";
    }

    static string Effort(SweepReport report)
    {
        int most = report.Seeds * report.Results.Max(result => result.Cell.SeedFactor);
        string from = report.FirstSeed == 1 ? "" : $" from {report.FirstSeed} on";
        string seeds = $"{report.Seeds} seeds per row{from}, up to {most} in the paper's scenarios";
        double minutes = report.Results.Sum(cell => cell.Rows.Sum(row => row.Samples.Sum(sample => sample.TookMs))) / 60_000;
        string effort = FormattableString.Invariant($"{seeds}; {minutes:0.0} minutes of one core");
        string earlier = report.SpotChecked > 0
            ? $" {report.SpotChecked} of them were made by an earlier build, in cells and rows whose first seed gives the same numbers under " +
                "this one."
            : "";
        return report.Kept > 0
            ? $"{effort}, {report.Kept} of the runs from the journal of earlier calls.{earlier}"
            : FormattableString.Invariant($"{effort}, {report.Elapsed.TotalMinutes:0.0} minutes by the clock.");
    }

    static void Verdict(MarkdownPage page, SweepVerdict verdict)
    {
        string word = verdict.Asked == 0 ? "not measured" : verdict.Holds ? "holds" : "FAILS";
        page.Text($"- **{word}** {verdict.Demand}: {verdict.Held} of {verdict.Asked}");
        foreach (string failure in verdict.Failures.Take(MostFailures)) page.Text($"  - {failure}");
        if (verdict.Failures.Count > MostFailures) page.Text($"  - and {verdict.Failures.Count - MostFailures} more");
    }

    static void Directions(MarkdownPage page, IReadOnlyList<SweepCellResult> results)
    {
        page.Heading("Directions of the paper");
        page.Text(
            """
            Among the paper's rows, without model error and shift of inputs, each claim in every scenario to which it applies. `epochs`:
            the length of the paper, which compares over 5,000 epochs (S3, S6: 1,000) of one to five tasks, here three tasks per epoch.
            `text`: the paper's program sends tensors as JSON, several times the bytes of float32; a quarter of the rates is four times
            the bytes. 0.5 GHz: a bound that the first low period exceeds, as in the paper. S6: `ddpg` on the Nano untrained, and with the
            experience of `ddpg` from 3,000 tasks on the TX2 (`-300`: and 300 updates from it before the first task, which the paper does
            not make). P17, P18 and P21 need a profile of ResNet50-CIFAR100, which is missing.

            """);
        IReadOnlyList<SweepDirection> directions = SweepDirections.All(results);
        SweepCellResult[] scenarios = [.. results.Where(result => result is { CanBeJudged: true, Cell.Part: SweepPart.Paper })];
        int open = scenarios.Count(cell => !cell.Saturated);
        page.Line($"The oracle leads the best baseline by more than 3 points in {open} of these {scenarios.Length} scenarios.");
        page.Text(
            """
            A scenario is "saturated", and does not count, where the row to be beaten satisfies at most 3 points less than the best
            row. Differences are taken seed by seed; `+-` is half their interval.

            """);
        page.Head("paper", "claim", "scenario", "numbers", "difference", "verdict");
        foreach (SweepDirection one in directions)
            page.Row(one.Paper, one.Claim, one.Scenario, one.Numbers, one.Difference, one.Word);
    }

    static void Adaptation(MarkdownPage page, SweepCellResult[] cells)
    {
        if (cells.Length == 0) return;
        page.Heading("Adaptation on S3");
        page.Text("Tasks from a change of the link to the first of five satisfied in a row, median over changes and seeds; 200 are never.");
        page.Text("");
        page.Head(["row", .. cells.Select(cell => $"{cell.Cell.Setting.Name}, {cell.Cell.Inputs}")]);
        foreach (string row in RowsOf(cells))
            page.Row([row, .. cells.Select(cell => MarkdownPage.Number(cell.Find(row)?.Adaptation ?? double.NaN, "0.#"))]);
    }

    static void Baselines(MarkdownPage page, SweepCellResult[] judged)
    {
        (string Name, SweepGroup Cells)[] groups =
        [
            .. judged.Where(cell => cell.Rows.Count > SweepPlan.EverywhereRows.Count)
                .GroupBy(cell => (cell.Cell.Link, cell.Cell.Setting.Name))
                .Select(group => ($"{group.Key.Link}, {group.Key.Name}", new SweepGroup([.. group]))),
        ];
        if (groups.Length == 0) return;
        page.Heading("All rows");
        page.Text("Mean goodput over the cells of a link and a setting in which all rows ran.");
        page.Text("");
        string[] rows = [.. RowsOf(judged)];
        page.Head(["link and setting", .. rows]);
        foreach ((string name, SweepGroup cells) in groups)
            page.Row([name, .. rows.Select(row => MarkdownPage.Points(cells.Goodput(row).Mean))]);
    }

    static void Paper(MarkdownPage page, IReadOnlyList<SweepCellResult> results)
    {
        SweepCellResult[] cells = [.. results.Where(result => result.Cell.Part == SweepPart.Paper)];
        if (cells.Length == 0) return;
        page.Heading("Satisfied tasks in the paper's scenarios");
        string[] rows = [.. RowsOf(cells)];
        page.Head(["scenario", .. rows]);
        foreach (SweepCellResult cell in cells)
        {
            page.Row([$"{cell.Cell.Link}, {cell.Cell.Setting.Name}",
                .. rows.Select(row => cell.Find(row) is { } one ? MarkdownPage.Points(one.Of(metrics => metrics.SatisfactionTask)) : "")]);
        }
    }

    static IEnumerable<string> RowsOf(IEnumerable<SweepCellResult> cells) =>
        cells.SelectMany(cell => cell.Rows).Select(row => row.Controller).Distinct()
            .OrderBy(name => name switch { PolicyControllers.EdgeML => 0, ReplayControllers.Oracle => 2, _ => 1 });
}
