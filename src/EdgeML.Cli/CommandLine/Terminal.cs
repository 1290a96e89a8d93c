using System.Text.RegularExpressions;
using Spectre.Console;

namespace EdgeML.Cli.CommandLine;

/// <summary>Standard output for people: coloured on a terminal and as wide as that, plain and without a width where it is redirected.
/// NO_COLOR makes it plain too.</summary>
static partial class Terminal
{
    const int MostIndent = 24, LeastWidth = 40;

    static bool s_redirected = Console.IsOutputRedirected;

    /// <summary>The console to write markup, tables and live views to.</summary>
    public static IAnsiConsole Out { get; private set; } = Create(Console.Out, s_redirected);

    /// <summary>Whether a view may be redrawn in place.</summary>
    public static bool IsInteractive => !Console.IsOutputRedirected && !StandardOutput.IsClaimed && Out.Profile.Capabilities.Ansi;

    /// <summary>Columns there are; null where output is redirected and lines may have any length.</summary>
    public static int? Width => s_redirected ? null : Math.Max(Out.Profile.Width, LeastWidth);

    /// <summary>Writes to stderr from now on.</summary>
    public static void UseStandardError()
    {
        s_redirected = Console.IsErrorRedirected;
        Out = Create(Console.Error, s_redirected);
    }

    /// <summary>Writes a line, on a terminal broken between words.</summary>
    public static void Line(string text = "")
    {
        foreach (string line in Lines(text, Width)) Console.WriteLine(line);
    }

    /// <summary>A text in lines. All but the first are indented: to the text after a label, which two spaces follow, else as the first
    /// or by two.</summary>
    /// <param name="text">Without line breaks.</param>
    /// <param name="width">The longest line; a longer word, such as a path, stays whole. Null for one line.</param>
    public static IEnumerable<string> Lines(string text, int? width)
    {
        int indent = Label().Match(text) is { Length: > 0 and <= MostIndent } label ? label.Length : 2;
        string before = "";
        for (int room = width ?? text.Length; text.Length > room; room = width!.Value - indent)
        {
            int end = text.LastIndexOf(' ', room);
            if (end <= (before.Length == 0 ? indent : 0)) end = text.IndexOf(' ', room);
            if (end < 0) break;
            yield return before + text[..end].TrimEnd();
            (before, text) = (new string(' ', indent), text[end..].TrimStart());
        }
        yield return before + text;
    }

    [GeneratedRegex(@"^ *(\S+( \S+)* {2,})?(?=\S)")]
    private static partial Regex Label();

    static IAnsiConsole Create(TextWriter writer, bool redirected)
    {
        bool plain = redirected || Environment.GetEnvironmentVariable("NO_COLOR") is { Length: > 0 };
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = plain ? AnsiSupport.No : AnsiSupport.Detect,
            ColorSystem = plain ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
            Out = new AnsiConsoleOutput(writer),
        });
        // The library needs some width; nothing is ever this wide.
        if (redirected) console.Profile.Width = short.MaxValue;
        return console;
    }
}
