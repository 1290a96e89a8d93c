using System.Text;
using EdgeML.Simulation.Scenarios;
using EdgeML.Training.Charts;

namespace EdgeML.Simulation.Reports;

/// <summary>Writes a demo run as one HTML file that needs nothing else: inline style, inline SVG, no script.</summary>
static class DemoReport
{
    /// <summary>The whole page.</summary>
    public static string Html(DemoReportData data)
    {
        var charts = new DemoCharts(data);
        var page = new StringBuilder(256 * 1024);
        page.Append(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
            + "content=\"width=device-width, initial-scale=1\">\n");
        page.Append("<title>EdgeML.Native demo</title>\n<style>\n").Append(ReportStyle.Css).Append("\n</style>\n</head>\n<body>\n<main>\n");
        Head(page, data);
        Rows(page, data);
        Chart(page, "Satisfied tasks, rolling", "Share of the last 20 tasks inside both bounds.", RowLegend(data), charts.Satisfaction());
        Chart(page, "Link",
            "Rate of the shaped link on a logarithmic scale. A dashed upright line is a change of the bounds; shading is the same in "
            + "every chart.", BandLegend, charts.Link());
        Chart(page, $"Latency of {data.Rows[0].Name}",
            "One dot a task; the dashed line is the bound. Dots at the top edge took longer than the chart shows.",
            Legend(("met", "inside both bounds"), ("missed", "outside")), charts.Latency());
        Chart(page, $"Energy of {data.Rows[0].Name}",
            "Mean over the state interval, the last three decisions; the dashed line is the bound.", "", charts.Energy());
        Chart(page, $"Choices of {data.Rows[0].Name}", "Exit that answered, cut and one threshold per side exit.", ExitLegend(data.Exits),
            charts.Choices());
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
        page.Append(
            "<section>\n<table>\n<thead><tr><th>controller</th><th>satisfied</th><th>goodput</th><th>accuracy</th><th>latency "
            + "p50</th><th>p99</th><th>energy</th><th>sent a task</th></tr></thead>\n<tbody>\n");
        for (int i = 0; i < data.Rows.Count; i++)
        {
            ScenarioRow row = data.Rows[i];
            string note = data.RowNotes.TryGetValue(row.Name, out string? found) ? $"<small>{Text(found)}</small>" : "";
            page.Append($"<tr{(i == 0 ? " class=\"first\"" : "")}><td>{Text(row.Name)}{note}</td>");
            page.Append(
                $"<td><span class=\"bar {DemoCharts.RowClass(i)}\"><i "
                + $"style=\"width:{Svg.Number(row.Satisfaction * 100)}%\"></i></span>"
                + $"<span class=\"share\">{Percent(row.Satisfaction)}</span></td>");
            page.Append(
                $"<td>{Percent(row.Goodput)}</td><td>{Percent(row.Accuracy)}</td><td>{row.LatencyMs.P50:0.0} "
                + $"ms</td><td>{row.LatencyMs.P99:0.0} ms</td>");
            page.Append($"<td>{row.EnergyJ:0.000} J</td><td>{row.BytesPerTask / 1000:0.0} kB</td></tr>\n");
        }
        page.Append(
            "</tbody>\n</table>\n<p class=\"soft\">Satisfied: the task's own latency and the energy of its state interval are inside the "
            + "bounds. Goodput: right and satisfied.</p>\n</section>\n");
    }

    static void Chart(StringBuilder page, string title, string text, string legend, string svg) =>
        page.Append($"<section>\n<h2>{Text(title)}</h2>\n<p class=\"soft\">{Text(text)}</p>\n{svg}{legend}</section>\n");

    static void Recovery(StringBuilder page, DemoReportData data)
    {
        int[] changes = [.. data.Scenario.BoundsChanges];
        if (changes.Length == 0) return;
        page.Append(
            "<section>\n<h2>After a change of the bounds</h2>\n<p class=\"soft\">Tasks until the first of five satisfied in a "
            + "row.</p>\n<table>\n<thead><tr><th>bounds change</th>");
        foreach (ScenarioRow row in data.Rows) page.Append($"<th>{Text(row.Name)}</th>");
        page.Append("</tr></thead>\n<tbody>\n");
        foreach (int change in changes)
        {
            var (before, after) = (data.Scenario.PhaseOf(change - 1).Bounds, data.Scenario.PhaseOf(change).Bounds);
            page.Append(
                $"<tr><td>task {change + 1}<small>{before.LatencyMs:0} ms, {before.EnergyJ:0.###} J to {after.LatencyMs:0} ms, "
                + $"{after.EnergyJ:0.###} J</small></td>");
            foreach (ScenarioRow row in data.Rows)
                page.Append($"<td>{(row.TasksUntilMet(change) is >= 0 and int tasks ? tasks.ToString() : "never")}</td>");
            page.Append("</tr>\n");
        }
        page.Append("</tbody>\n</table>\n</section>\n");
    }

    static void Environment(StringBuilder page, DemoReportData data)
    {
        page.Append("<section>\n<h2>How it was made</h2>\n<dl>\n<dt>command</dt><dd><code>").Append(Text(data.CommandLine))
            .Append("</code></dd>\n");
        foreach ((string name, string value) in data.Environment) page.Append($"<dt>{Text(name)}</dt><dd>{Text(value)}</dd>\n");
        page.Append("</dl>\n</section>\n");
    }

    static string RowLegend(DemoReportData data)
    {
        var legend = new StringBuilder("<div class=\"legend\">");
        for (int i = 0; i < data.Rows.Count; i++)
            legend.Append($"<span class=\"{DemoCharts.RowClass(i)}\"><i class=\"swatch\"></i><b>{Text(data.Rows[i].Name)}</b></span>");
        return legend.Append("</div>\n").ToString();
    }

    static string BandLegend =>
        Boxes(("good", "fast link"), ("fair", "slow link"), ("busy", "tail overloaded"), ("poor", "below 1 Mbps"), ("outage", "outage"));

    static string ExitLegend(int exits) =>
        Boxes([.. Enumerable.Range(1, Math.Min(exits, 4))
        .Select(i => ($"exit{i}", i == Math.Min(exits, 4) ? "final exit" : $"exit {i} and its threshold"))]);

    static string Boxes(params ReadOnlySpan<(string Class, string Text)> entries)
    {
        var legend = new StringBuilder("<div class=\"legend\">");
        foreach ((string cssClass, string text) in entries)
            legend.Append($"<span><i class=\"swatch box {cssClass}\"></i>{Text(text)}</span>");
        return legend.Append("</div>\n").ToString();
    }

    static string Legend(params ReadOnlySpan<(string Class, string Text)> entries)
    {
        var legend = new StringBuilder("<div class=\"legend\">");
        foreach ((string cssClass, string text) in entries)
            legend.Append($"<span style=\"color:var(--{cssClass})\"><i class=\"swatch\"></i><b>{Text(text)}</b></span>");
        return legend.Append("</div>\n").ToString();
    }

    static string Percent(double share) => $"{share * 100:0.0} %";

    static string Text(string text) => Svg.Escape(text);
}
