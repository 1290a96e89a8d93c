using System.Text;
using EdgeML.Simulation.Scenarios;
using EdgeML.Training.Charts;

namespace EdgeML.Simulation.Reports;

/// <summary>Writes a demo run as one HTML file that needs nothing else: inline style, inline SVG, no script.</summary>
static class DemoReport
{
    // As the style sheet draws them.
    static readonly string[] s_dashes = ["dotted", "dashed", "solid"];

    /// <summary>The whole page.</summary>
    public static string Html(DemoReportData data)
    {
        var page = new StringBuilder(256 * 1024);
        page.Append(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
            + "content=\"width=device-width, initial-scale=1\">\n");
        page.Append("<title>EdgeML.Native demo</title>\n<style>\n").Append(ReportStyle.Css).Append("\n</style>\n</head>\n<body>\n<main>\n");
        Head(page, data);
        Rows(page, data);
        Chart(page, "Satisfied tasks, rolling", "Share of the last 20 tasks inside both bounds.", RowLegend(data), data,
            charts => charts.Satisfaction());
        Chart(page, "Link",
            "Rate of the shaped link on a logarithmic scale. A dashed upright line is a change of the bounds; shading is the same in "
            + "every chart.", BandLegend, data, charts => charts.Link());
        Chart(page, $"Latency of {data.Rows[0].Name}",
            "One mark a task; the dashed line is the bound. Marks at the top edge took longer than the chart shows.", TaskLegend, data,
            charts => charts.Latency());
        Chart(page, $"Energy of {data.Rows[0].Name}",
            "Mean over the state interval, the last three decisions; the dashed line is the bound.", "", data, charts => charts.Energy());
        Chart(page, $"Choices of {data.Rows[0].Name}", "Exit that answered, cut and one threshold per side exit.", ExitLegend(data.Exits), data,
            charts => charts.Choices());
        if (data.Decisions is { } decisions) DecisionTable.Write(page, data.Rows[0].Name, decisions);
        Recovery(page, data);
        Environment(page, data);
        return page.Append("</main>\n</body>\n</html>\n").ToString();
    }

    static void Head(StringBuilder page, DemoReportData data)
    {
        ScenarioRow shown = data.Rows[0];
        page.Append(
            $"<h1>{Text(shown.Name)} kept both bounds in {Percent(shown.Satisfaction)} of {shown.Tasks.Count} tasks</h1>\n<p "
            + $"class=\"soft\">");
        string others = string.Join(", ", data.Rows.Skip(1).Select(row => $"{row.Name} {Percent(row.Satisfaction)}"));
        page.Append(Text($"The same tasks and the same link under other controllers: {others}. "));
        page.Append(Text($"The edge is emulated {data.Scenario.EdgeSlowdown:0.#} times slower than this machine.")).Append("</p>\n");
    }

    static void Rows(StringBuilder page, DemoReportData data)
    {
        page.Append("<section>\n");
        var table = new HtmlTable(
            page, $"{data.Rows.Count} controllers on the same tasks, link and tail", "rows", "controller", "satisfied", "goodput", "accuracy",
            "latency p50", "latency p99", "energy per task", "sent per task");
        for (int i = 0; i < data.Rows.Count; i++)
        {
            ScenarioRow row = data.Rows[i];
            string note = data.RowNotes.TryGetValue(row.Name, out string? found) ? $"<small>{Text(found)}</small>" : "";
            table.Row(Text(row.Name) + note, first: i == 0);
            table.Cell(
                $"<span class=\"bar {DemoCharts.RowClass(i)}\"><i style=\"width:{Svg.Number(row.Satisfaction * 100)}%\"></i></span>"
                + $"<span class=\"share\">{Percent(row.Satisfaction)}</span>");
            table.Cell(Percent(row.Goodput));
            table.Cell(Percent(row.Accuracy));
            table.Cell($"{row.LatencyMs.P50:0.0} ms");
            table.Cell($"{row.LatencyMs.P99:0.0} ms");
            table.Cell($"{row.EnergyJ:0.000} J");
            table.Cell($"{row.BytesPerTask / 1000:0.0} kB");
        }
        table.End();
        page.Append(
            "<p class=\"soft\">Satisfied: the task's own latency and the energy of its state interval are inside the "
            + "bounds. Goodput: right and satisfied.</p>\n</section>\n");
    }

    /// <summary>Every chart is there twice, of which the style sheet shows the one that fits the page.</summary>
    static void Chart(StringBuilder page, string title, string text, string legend, DemoReportData data, Func<DemoCharts, string> draw)
    {
        page.Append($"<section>\n<h2>{Text(title)}</h2>\n<p class=\"soft\">{Text(text)}</p>\n");
        page.Append($"<div class=\"chart wide\">\n{draw(new DemoCharts(data, narrow: false))}</div>\n");
        page.Append($"<div class=\"chart narrow\">\n{draw(new DemoCharts(data, narrow: true))}</div>\n{legend}</section>\n");
    }

    static void Recovery(StringBuilder page, DemoReportData data)
    {
        int[] changes = [.. data.Scenario.BoundsChanges];
        if (changes.Length == 0) return;
        page.Append("<section>\n<h2>After a change of the bounds</h2>\n");
        var table = new HtmlTable(
            page, "Tasks until the first of five satisfied in a row", "rows", ["bounds change", .. data.Rows.Select(row => row.Name)]);
        foreach (int change in changes)
        {
            var (before, after) = (data.Scenario.PhaseOf(change - 1).Bounds, data.Scenario.PhaseOf(change).Bounds);
            table.Row(
                $"task {change + 1}<small>{before.LatencyMs:0} ms, {before.EnergyJ:0.###} J to {after.LatencyMs:0} ms, "
                + $"{after.EnergyJ:0.###} J</small>");
            foreach (ScenarioRow row in data.Rows) table.Cell(row.TasksUntilMet(change) is >= 0 and int tasks ? $"{tasks}" : "never");
        }
        table.End();
        page.Append("</section>\n");
    }

    static void Environment(StringBuilder page, DemoReportData data)
    {
        page.Append("<section>\n<h2>How it was made</h2>\n<dl>\n<dt>command</dt><dd><code>").Append(Text(data.CommandLine))
            .Append("</code></dd>\n");
        foreach ((string name, string value) in data.Environment) page.Append($"<dt>{Text(name)}</dt><dd>{Text(value)}</dd>\n");
        page.Append("</dl>\n</section>\n");
    }

    static string RowLegend(DemoReportData data) => Samples(
        data.Rows.Select((row, i) => (Line($"line {DemoCharts.RowClass(i)}") + Mark($"mark {DemoCharts.RowClass(i)}", RowMarks.Of(i, 18, 6)), row.Name)));

    static string TaskLegend => Samples(
    [
        ("<circle class=\"dot met\" cx=\"18\" cy=\"6\" r=\"3\"/>", "inside both bounds"),
        (Mark("missed", RowMarks.Cross(18, 6, 3)), "outside"),
        (Line("line bound"), "bound"),
    ]);

    static string BandLegend =>
        Boxes(("good", "fast link"), ("fair", "slow link"), ("busy", "tail overloaded"), ("poor", "below 1 Mbps"), ("outage", "outage"));

    static string ExitLegend(int exits) =>
        Boxes([.. Enumerable.Range(1, Math.Min(exits, 4))
        .Select(i => ($"exit{i}", i == Math.Min(exits, 4) ? "final exit" : $"exit {i}, threshold {s_dashes[i - 1]}"))]);

    static string Boxes(params ReadOnlySpan<(string Class, string Text)> entries)
    {
        var legend = new StringBuilder("<div class=\"legend\">");
        foreach ((string cssClass, string text) in entries)
            legend.Append($"<span><i class=\"swatch box {cssClass}\"></i>{Text(text)}</span>");
        return legend.Append("</div>\n").ToString();
    }

    static string Samples(IEnumerable<(string Drawing, string Text)> entries)
    {
        var legend = new StringBuilder("<div class=\"legend\">");
        foreach ((string drawing, string text) in entries)
            legend.Append($"<span><svg class=\"sample\" viewBox=\"0 0 36 12\" aria-hidden=\"true\">{drawing}</svg>{Text(text)}</span>");
        return legend.Append("</div>\n").ToString();
    }

    static string Line(string cssClass) => Mark(cssClass, new SvgPath().To(0, 6).To(36, 6));

    static string Mark(string cssClass, SvgPath path) => $"<path class=\"{cssClass}\" d=\"{path}\"/>";

    static string Percent(double share) => $"{share * 100:0.0} %";

    static string Text(string text) => Svg.Escape(text);
}
