using System.Globalization;
using System.Text;
using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Planning;
using EdgeML.Simulation.Decisions;
using EdgeML.Training.Charts;

namespace EdgeML.Simulation.Reports;

/// <summary>The decisions of a report's first row as a table: why, what was chosen, what it expected, what was measured.</summary>
static class DecisionTable
{
    /// <summary>Writes a section that folds away; nothing for an empty log. Decisions that kept the policy because nothing moved are left
    /// out.</summary>
    public static void Write(StringBuilder page, string row, DecisionLog log)
    {
        LoggedDecision[] told = [.. Enumerable.Range(0, log.Count).Where(i => IsNews(log, i)).Select(i => log[i])];
        if (told.Length == 0) return;
        page.Append($"<section>\n<h2>Decisions of {Svg.Escape(row)}</h2>\n<p class=\"soft\">What each expected of its tasks, and what was ");
        page.Append($"measured while it was in force. {log.Count - told.Length} of {log.Count} kept the policy because nothing had moved.</p>\n");
        page.Append($"<details>\n<summary>{told.Length} decisions</summary>\n<table>\n<thead><tr><th>why</th><th>task</th><th>policy</th>");
        page.Append("<th>expected ms</th><th>J</th><th>accuracy</th><th>satisfied</th><th>tasks</th><th>measured ms</th><th>J</th>");
        page.Append("<th>accuracy</th><th>satisfied</th></tr></thead>\n<tbody>\n");
        foreach (LoggedDecision one in told)
        {
            page.Append($"<tr><td>{Svg.Escape(one.Explanation.Why)}</td><td>{one.FirstTask + 1}</td>");
            page.Append($"<td>{Svg.Escape(one.Explanation.Policy.ToString())}</td>");
            Four(page, one.Explanation.Expected);
            page.Append($"<td>{one.Tasks}</td>");
            Four(page, one.Measured);
            page.Append("</tr>\n");
        }
        page.Append("</tbody>\n</table>\n</details>\n</section>\n");
    }

    static bool IsNews(DecisionLog log, int index)
    {
        LoggedDecision one = log[index];
        return one.Explanation.Reason != DecisionReason.Stable || index == 0
            || one.Explanation.Policy.WithInterval(1) != log[index - 1].Explanation.Policy.WithInterval(1);
    }

    static void Four(StringBuilder page, in PolicyEstimate of)
    {
        bool known = double.IsFinite(of.LatencyMs);
        page.Append($"<td>{Number(of.LatencyMs, "0.0")}</td><td>{Number(known ? of.EnergyJ : double.NaN, "0.000")}</td>");
        page.Append($"<td>{Number(known ? of.Accuracy : double.NaN, "0.00")}</td>");
        page.Append($"<td>{Number(known ? of.Satisfaction : double.NaN, "0.00")}</td>");
    }

    static string Number(double number, string format) =>
        double.IsFinite(number) ? number.ToString(format, CultureInfo.InvariantCulture) : "";
}
