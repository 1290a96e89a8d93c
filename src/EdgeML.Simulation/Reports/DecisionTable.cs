using System.Globalization;
using System.Text;
using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Planning;
using EdgeML.Simulation.Decisions;
using EdgeML.Training.Charts;

namespace EdgeML.Simulation.Reports;

/// <summary>The decisions of a report's first row as a table: reason, policy, expectation, measurement.</summary>
static class DecisionTable
{
    /// <summary>Writes a section that folds away; nothing for an empty log. Decisions that kept the policy because nothing moved are left
    /// out.</summary>
    public static void Write(StringBuilder page, string row, DecisionLog log)
    {
        LoggedDecision[] told = [.. Enumerable.Range(0, log.Count).Where(i => IsNews(log, i)).Select(i => log[i])];
        if (told.Length == 0) return;
        page.Append($"<section>\n<h2>Decisions of {Svg.Escape(row)}</h2>\n<p class=\"soft\">The expectation of each for its tasks, and the values ");
        page.Append($"measured while it was in force. {log.Count - told.Length} of {log.Count} kept the policy because nothing had moved.</p>\n");
        page.Append($"<details>\n<summary>{told.Length} decisions</summary>\n");
        var table = new HtmlTable(
            page, "Decisions that changed something", "dense", "why", "task", "policy", "expected ms", "expected J", "expected accuracy",
            "expected satisfied", "tasks", "measured ms", "measured J", "measured accuracy", "measured satisfied");
        foreach (LoggedDecision one in told)
        {
            table.Row(Svg.Escape(one.Explanation.Why));
            table.Cell($"{one.FirstTask + 1}");
            table.Cell(Svg.Escape(one.Explanation.Policy.ToString()));
            Four(table, one.Explanation.Expected);
            table.Cell($"{one.Tasks}");
            Four(table, one.Measured);
        }
        table.End();
        page.Append("</details>\n</section>\n");
    }

    static bool IsNews(DecisionLog log, int index)
    {
        LoggedDecision one = log[index];
        return one.Explanation.Reason != DecisionReason.Stable || index == 0
            || one.Explanation.Policy.WithInterval(1) != log[index - 1].Explanation.Policy.WithInterval(1);
    }

    static void Four(HtmlTable table, in PolicyEstimate of)
    {
        bool known = double.IsFinite(of.LatencyMs);
        table.Cell(Number(of.LatencyMs, "0.0"));
        table.Cell(Number(known ? of.EnergyJ : double.NaN, "0.000"));
        table.Cell(Number(known ? of.Accuracy : double.NaN, "0.00"));
        table.Cell(Number(known ? of.Satisfaction : double.NaN, "0.00"));
    }

    static string Number(double number, string format) =>
        double.IsFinite(number) ? number.ToString(format, CultureInfo.InvariantCulture) : "";
}
