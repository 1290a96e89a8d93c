using System.Text.RegularExpressions;

namespace EdgeML.Cli.Tests.Documentation;

/// <summary>A fenced or indented block of a page.</summary>
/// <param name="Page">Path below the repository's root.</param>
/// <param name="Line">Of the first line of code, from 1.</param>
/// <param name="Language">After the fence; empty without one.</param>
/// <param name="IsMarked">Whether <c>&lt;!-- run --&gt;</c> stands before it: the tests run its commands.</param>
/// <param name="Lines">Without the indentation.</param>
sealed partial record CodeBlock(string Page, int Line, string Language, bool IsMarked, IReadOnlyList<string> Lines)
{
    const string Mark = "<!-- run -->";

    [GeneratedRegex(@"^ *```(\w*)")]
    static partial Regex Fence { get; }

    public static IEnumerable<CodeBlock> Of(string page)
    {
        string[] text = File.ReadAllLines(Path.Combine(EdgemlProcess.RepositoryRoot, page));
        bool marked = false;
        for (int i = 0; i < text.Length; i++)
        {
            int first = i;
            if (Fence.Match(text[i]) is { Success: true } fence)
            {
                first++;
                while (++i < text.Length && !Fence.IsMatch(text[i])) { }
                yield return new CodeBlock(page, first + 1, fence.Groups[1].Value, marked, Unindented(text[first..i]));
                marked = false;
            }
            else if (IsIndented(text[i]) && (i == 0 || string.IsNullOrWhiteSpace(text[i - 1])))
            {
                while (i + 1 < text.Length && (IsIndented(text[i + 1]) || string.IsNullOrWhiteSpace(text[i + 1]))) i++;
                yield return new CodeBlock(page, first + 1, "", marked, Unindented(text[first..(i + 1)]));
                marked = false;
            }
            else if (!string.IsNullOrWhiteSpace(text[i]))
            {
                marked = text[i] == Mark;
            }
        }
    }

    static bool IsIndented(string line) => line.StartsWith("    ", StringComparison.Ordinal) && line.Trim().Length > 0;

    static string[] Unindented(string[] lines)
    {
        int indent = lines.Where(line => line.Trim().Length > 0).Select(line => line.Length - line.TrimStart().Length).DefaultIfEmpty(0).Min();
        return [.. lines.Select(line => line.Length < indent ? "" : line[indent..].TrimEnd())];
    }
}
