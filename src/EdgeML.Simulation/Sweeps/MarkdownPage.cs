using System.Globalization;

namespace EdgeML.Simulation.Sweeps;

/// <summary>Writes Markdown with line feeds and invariant numbers, whatever the writer's own ways.</summary>
sealed class MarkdownPage(TextWriter writer)
{
    public void Line(FormattableString text) => writer.Write(text.ToString(CultureInfo.InvariantCulture) + "\n");

    public void Text(string text) => writer.Write(text + "\n");

    public void Heading(string title)
    {
        Text("");
        Text("## " + title);
        Text("");
    }

    public void Row(params IEnumerable<string> cells) => Text($"| {string.Join(" | ", cells)} |");

    public void Head(params string[] columns)
    {
        Row(columns);
        Text(string.Concat(Enumerable.Repeat("|---", columns.Length)) + "|");
    }

    /// <summary>A share in percent.</summary>
    public static string Points(double share) => double.IsFinite(share) ? (100 * share).ToString("0.0", CultureInfo.InvariantCulture) : "";

    /// <summary>A share in percent with half its interval, where there is one.</summary>
    public static string Points((double Mean, double HalfWidth) share) =>
        double.IsFinite(share.HalfWidth) ? $"{Points(share.Mean)} +- {Points(share.HalfWidth)}" : Points(share.Mean);

    public static string Number(double number, string format) =>
        double.IsFinite(number) ? number.ToString(format, CultureInfo.InvariantCulture) : "";
}
