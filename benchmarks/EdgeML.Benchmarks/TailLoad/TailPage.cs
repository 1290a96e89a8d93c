using System.Globalization;
using System.Text;
using EdgeML.Benchmarks.Targets;

namespace EdgeML.Benchmarks.TailLoad;

/// <summary>The page under way: text, tables, and the numbers that have a target.</summary>
sealed class TailPage
{
    /// <summary>A column of names among those of numbers.</summary>
    public const string Names = "server";

    readonly StringBuilder _text = new();
    readonly List<TargetRow> _targets = [];

    /// <summary>Numbers that missed their targets.</summary>
    public int Missed => _targets.Count(row => row.Verdict == Verdict.Missed);

    public void Heading(string text) => _text.Append(CultureInfo.InvariantCulture, $"## {text}\n\n");

    public void Paragraph(string text) => _text.Append(CultureInfo.InvariantCulture, $"{text}\n\n");

    public void Target(TargetRow row) => _targets.Add(row);

    /// <summary>A table whose columns hold numbers, but for the first and <see cref="Names"/>.</summary>
    public void Table(IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<string>> rows)
    {
        _text.Append(CultureInfo.InvariantCulture, $"| {string.Join(" | ", columns)} |\n|---|{string.Concat(columns.Skip(1).Select(column => column == Names ? "---|" : "---:|"))}\n");
        foreach (IReadOnlyList<string> row in rows) _text.Append(CultureInfo.InvariantCulture, $"| {string.Join(" | ", row)} |\n");
        _text.Append('\n');
    }

    /// <summary>All of it, the targets first.</summary>
    public override string ToString()
    {
        var targets = new StringBuilder("| what | measured | target | |\n|---|---|---|---|\n");
        foreach (TargetRow row in _targets) targets.Append(CultureInfo.InvariantCulture, $"| {row.What} | {row.Measured} | {row.Target} | {row.VerdictText} |\n");
        return $"{targets}\n{_text.ToString().TrimEnd()}\n";
    }

    public static string Number(double value, int digits = 2) => value.ToString($"F{digits}", CultureInfo.InvariantCulture);
}
