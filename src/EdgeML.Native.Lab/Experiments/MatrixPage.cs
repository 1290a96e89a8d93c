using System.Globalization;
using EdgeML.Native.Lab.Simulation.Replay;

namespace EdgeML.Native.Lab.Experiments;

/// <summary>Writes a matrix as a page of Markdown.</summary>
public static class MatrixPage
{
    /// <summary>Lines of one demand that fails before the rest is counted only.</summary>
    const int MostFailures = 8;

    const string Preface =
        """
        Acceptance cells: compute jitter of 5 %, true unit times up to 15 % off the profile, inputs that turn from easy to hard or from
        hard to easy in mid-run, bounds on latency and on the paper's frequency, which is computed over the latency bound. S2 has
        2,500 tasks, everything else 1,000; S2 and S3 have an RTT of 12 ms, which the paper does not give. Traces run as they were measured,
        most of them downlink. Goodput is the share of tasks answered right and inside both bounds; all shares in percent, `+-` is half a
        95 % interval over seeds. `fixed` has no row: without a policy of its own it is `edge-only`. Inequalities compare means over seeds.

        """;

    /// <summary>Writes the page.</summary>
    public static void Write(TextWriter writer, MatrixReport report)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(report);
        // Whatever the writer's culture: the page is the same everywhere.
        void Line(FormattableString text) => writer.Write(text.ToString(CultureInfo.InvariantCulture) + "\n");
        Line($"# Controllers in the replay simulator");
        Line($"");
        Line($"    {report.CommandLine}");
        Line($"");
        Line($"{report.Machine}; {report.Elapsed.TotalMinutes:0.0} minutes, {report.Seeds} seeds a row.");
        Line($"");
        Line($"**{Extent(report)}**");
        Line($"");
        writer.Write(Preface);
        Section(writer, "Acceptance", MatrixVerdicts.Judge(report.Results));
        Section(writer, "Directions of the paper", MatrixDirections.Judge(report.Results));
        Line($"");
        Line($"Directions are asked on S2 and S3 without model error and shift of inputs. P17, P18 and P21 wait for a profile of");
        Line($"ResNet50-CIFAR100. P49 (transfer) needs a row that starts from another device's trace and was not measured here.");
        Adaptation(Line, report.Results);
        Saturated(Line, report.Results);
        Ceiling(Line, report.Results);
        Table(Line, "Acceptance cells", MatrixPart.Acceptance, report.Results);
        Table(Line, "Constant link, exact profile", MatrixPart.Exact, report.Results);
        Rows(Line, report.Results);
    }

    static string Extent(MatrixReport report)
    {
        int full = report.Results.Count(result => result.Rows.Count == result.Cell.Rows.Count);
        string plan = report.Quick ? "the short plan (--quick: two traces, all rows on S2 and S3 only)" : "the whole plan";
        return report.Done == report.Runs
            ? $"This is all of {plan}: {report.Cells} cells, {report.Runs} runs."
            : $"This is a part of {plan}, cut short by --minutes: {report.Done} of {report.Runs} runs. Of {report.Cells} cells " +
              $"{report.Results.Count} can be judged, {full} with all their rows; rows without all seeds are left out below.";
    }

    static void Section(TextWriter writer, string title, IReadOnlyList<MatrixVerdict> verdicts)
    {
        writer.Write($"\n## {title}\n\n");
        foreach (MatrixVerdict verdict in verdicts)
        {
            string word = verdict.Asked == 0 ? "not measured" : verdict.Holds ? "holds" : "FAILS";
            writer.Write($"- **{word}** {verdict.Demand}: {verdict.Held} of {verdict.Asked}\n");
            foreach (string failure in verdict.Failures.Take(MostFailures)) writer.Write($"  - {failure}\n");
            if (verdict.Failures.Count > MostFailures) writer.Write($"  - and {verdict.Failures.Count - MostFailures} more\n");
        }
    }

    static void Adaptation(Action<FormattableString> line, IReadOnlyList<MatrixCellResult> results)
    {
        line($"");
        line($"## Adaptation on S3");
        line($"");
        line($"Tasks from a change of the link to the first of five satisfied in a row, median over changes and seeds.");
        line($"");
        line($"| cell | row | tasks |");
        line($"|---|---|---|");
        foreach (MatrixCellResult result in results.Where(r => r.Cell is { Link: "S3", Part: MatrixPart.Acceptance }))
        {
            foreach (MatrixRow row in result.Rows)
                line($"| {result.Cell.Setting.Name}, {result.Cell.Inputs} | {row.Controller} | {row.Adaptation:0.#} |");
        }
    }

    static void Saturated(Action<FormattableString> line, IReadOnlyList<MatrixCellResult> results)
    {
        MatrixCellResult[] cells = [.. results.Where(result => result.Cell.Part == MatrixPart.Acceptance)];
        MatrixCellResult[] saturated = [.. cells.Where(result => result.Saturated)];
        line($"");
        line($"## Saturated cells");
        line($"");
        line($"{saturated.Length} of {cells.Length}: the oracle leads the best rival by at most 3 points.");
        line($"");
        foreach (IGrouping<string, MatrixCellResult> group in saturated.GroupBy(result => result.Cell.Link))
        {
            string conditions = string.Join("; ", group.Select(result => result.Cell.Name[(group.Key.Length + 2)..]));
            line($"- {group.Key}: {conditions}");
        }
    }

    static void Ceiling(Action<FormattableString> line, IReadOnlyList<MatrixCellResult> results)
    {
        MatrixCellResult[] cells = [.. results.Where(result => result.Cell.Part == MatrixPart.Acceptance)];
        MatrixCellResult[] above = [.. cells.Where(cell => Lead(cell) > 0).OrderByDescending(Lead)];
        line($"");
        line($"## How far the oracle is a ceiling");
        line($"");
        line($"It knows link, times and mix, but plans with margins and on the mean, so another row can pass it. That is so in");
        int clearly = above.Count(cell => Lead(cell) > MatrixVerdicts.Tolerance);
        line($"{above.Length} of {cells.Length} cells, in {clearly} by more than 0.5 points. There");
        line($"\"saturated\" and shares of the oracle's goodput ask for less than they seem to.");
        line($"");
        foreach (MatrixCellResult cell in above.Take(MostFailures))
        {
            MatrixRow best = Best(cell);
            line($"- {cell.Cell.Name}: {best.Controller} {100 * best.Goodput:0.0}, oracle {100 * cell.Oracle.Goodput:0.0}");
        }

        static MatrixRow Best(MatrixCellResult cell) => cell.Ours.Goodput > cell.BestRival.Goodput ? cell.Ours : cell.BestRival;
        static double Lead(MatrixCellResult cell) => Best(cell).Goodput - cell.Oracle.Goodput;
    }

    static void Table(Action<FormattableString> line, string title, MatrixPart part, IReadOnlyList<MatrixCellResult> results)
    {
        line($"");
        line($"## {title}");
        line($"");
        const string Head = "| link | RTT ms | raw | setting | inputs | edgeml | first 100 | after 100 | best rival | goodput | ahead | ";
        line($"{Head}oracle | first 100 | after 100 |");
        line($"|---|---|---|---|---|---|---|---|---|---|---|---|---|---|");
        foreach (MatrixCellResult result in results.Where(result => result.Cell.Part == part).OrderBy(result => result.Cell.Link))
        {
            MatrixCell cell = result.Cell;
            (MatrixRow ours, MatrixRow rival, MatrixRow oracle) = (result.Ours, result.BestRival, result.Oracle);
            string condition = FormattableString.Invariant(
                $"{cell.Link} | {cell.RttMs:0.#} | {(cell.RawInput ? "on" : "off")} | {cell.Setting.Name} | {cell.Inputs}");
            string own =
                $"{Interval(ours, m => m.Goodput)} | {Interval(ours, m => m.GoodputFirst100)} | {Interval(ours, m => m.GoodputAfter100)}";
            string best = $"{rival.Controller} | {Interval(rival, m => m.Goodput)}";
            string upper = FormattableString.Invariant(
                $"{Interval(oracle, m => m.Goodput)} | {100 * oracle.First:0.0} | {100 * oracle.After:0.0}");
            line($"| {condition} | {own} | {best} | {100 * (ours.Goodput - rival.Goodput):+0.0;-0.0;0.0} | {upper} |");
        }
    }

    static void Rows(Action<FormattableString> line, IReadOnlyList<MatrixCellResult> results)
    {
        line($"");
        line($"## All rows");
        line($"");
        line($"Cells that run every row, and the paper's own scenarios (no model error, no shift).");
        foreach (MatrixCellResult result in results.Where(r => r.Rows.Count > MatrixPlan.EverywhereRows.Count))
        {
            line($"");
            line($"### {result.Cell.Name}{(result.Cell.Part == MatrixPart.Paper ? ", as in the paper" : "")}");
            line($"");
            line($"| row | goodput | first 100 | after 100 | satisfied | accuracy | ms | GHz | reward |");
            line($"|---|---|---|---|---|---|---|---|---|");
            foreach (MatrixRow row in result.Rows.OrderByDescending(row => row.Goodput))
            {
                string good = FormattableString.Invariant(
                    $"{Interval(row, m => m.Goodput)} | {100 * row.First:0.0} | {100 * row.After:0.0}");
                string kept = FormattableString.Invariant(
                    $"{Interval(row, m => m.SatisfactionTask)} | {100 * row.Of(m => m.Accuracy).Mean:0.0}");
                (double ms, double ghz) = (row.Of(m => m.MeanLatencyMs).Mean, row.Of(m => m.Energy).Mean);
                line($"| {row.Controller} | {good} | {kept} | {ms:0.0} | {ghz:0.000} | {row.Of(m => m.Reward).Mean:0.000} |");
            }
        }
    }

    static string Interval(MatrixRow row, Func<ReplayMetrics, double> number)
    {
        (double mean, double half) = row.Of(number);
        return double.IsFinite(half) ? $"{MatrixVerdicts.Points(mean)} +- {MatrixVerdicts.Points(half)}" : MatrixVerdicts.Points(mean);
    }
}
