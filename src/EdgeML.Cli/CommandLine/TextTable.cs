namespace EdgeML.Cli.CommandLine;

/// <summary>A table of text: columns aligned and folded to the width of a terminal; where output is redirected as wide as its cells, in
/// Markdown if it is one that goes into pages.</summary>
sealed class TextTable
{
    const string Gap = "  ";
    const int LeastColumn = 8;

    readonly List<(string Head, bool Right)> _columns = [];
    readonly List<string[]> _rows = [];

    /// <summary>Adds columns aligned to the left.</summary>
    public TextTable Left(params ReadOnlySpan<string> heads) => Add(heads, right: false);

    /// <summary>Adds columns aligned to the right, as numbers are.</summary>
    public TextTable Right(params ReadOnlySpan<string> heads) => Add(heads, right: true);

    /// <summary>Adds a row with a cell per column.</summary>
    public void Row(params ReadOnlySpan<string> cells)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(cells.Length, _columns.Count);
        _rows.Add(cells.ToArray());
    }

    /// <summary>Shows it to a person, and to a program in the same form.</summary>
    public void Show() => Write(Aligned(Terminal.Width));

    /// <summary>Shows it to a person; redirected it is Markdown.</summary>
    public void ShowOrMarkdown() => Write(Terminal.Width is null ? Markdown() : Aligned(Terminal.Width));

    /// <summary>The lines of a Markdown table.</summary>
    public IEnumerable<string> Markdown()
    {
        yield return MarkdownLine(_columns.Select(column => column.Head));
        yield return $"|{string.Concat(_columns.Select(column => column.Right ? "---:|" : "---|"))}";
        foreach (string[] row in _rows) yield return MarkdownLine(row);
    }

    /// <summary>The lines with aligned columns.</summary>
    /// <param name="width">The longest line; headings break between words, then the widest cells anywhere. Null for no limit.</param>
    public IEnumerable<string> Aligned(int? width)
    {
        int[] widths = Widths(width);
        foreach (string line in Fold([.. _columns.Select(column => column.Head)], widths)) yield return line;
        yield return new string('─', widths.Sum() + (Gap.Length * (widths.Length - 1)));
        foreach (string[] row in _rows)
            foreach (string line in Fold(row, widths)) yield return line;
    }

    int[] Widths(int? width)
    {
        int[] widths =
        [
            .. _columns.Select((column, i) =>
                _rows.Select(row => row[i].Length).Append(column.Head.Split(' ').Max(word => word.Length)).Max()),
        ];
        int room = (width ?? int.MaxValue) - (Gap.Length * (widths.Length - 1)) - widths.Sum();
        for (int i = 0; i < widths.Length && room > 0; i++)
        {
            int more = Math.Clamp(_columns[i].Head.Length - widths[i], 0, room);
            (widths[i], room) = (widths[i] + more, room - more);
        }
        for (; room < 0 && widths.Max() > LeastColumn; room++) widths[Array.IndexOf(widths, widths.Max())]--;
        return widths;
    }

    IEnumerable<string> Fold(string[] cells, int[] widths)
    {
        string[][] parts = [.. cells.Select((cell, i) => Parts(cell, widths[i]).ToArray())];
        for (int line = 0; line < parts.Max(part => part.Length); line++)
        {
            IEnumerable<string> padded = parts.Select((part, i) =>
            {
                string text = line < part.Length ? part[line] : "";
                return _columns[i].Right ? text.PadLeft(widths[i]) : text.PadRight(widths[i]);
            });
            yield return string.Join(Gap, padded).TrimEnd();
        }
    }

    static IEnumerable<string> Parts(string text, int width)
    {
        while (text.Length > width)
        {
            int end = text.LastIndexOf(' ', width);
            if (end <= 0) end = width;
            yield return text[..end].TrimEnd();
            text = text[end..].TrimStart();
        }
        yield return text;
    }

    TextTable Add(ReadOnlySpan<string> heads, bool right)
    {
        foreach (string head in heads) _columns.Add((head, right));
        return this;
    }

    static string MarkdownLine(IEnumerable<string> cells) => $"| {string.Join(" | ", cells)} |";

    static void Write(IEnumerable<string> lines)
    {
        foreach (string line in lines) Console.WriteLine(line);
    }
}
