using Spectre.Console;

namespace EdgeML.Cli.CommandLine;

/// <summary>Standard output for people: coloured on a terminal, plain where it is redirected or NO_COLOR is set.</summary>
static class Terminal
{
    /// <summary>The console to write markup, tables and live views to.</summary>
    public static IAnsiConsole Out { get; private set; } = Create(Console.Out, Console.IsOutputRedirected);

    /// <summary>Whether a view may be redrawn in place.</summary>
    public static bool IsInteractive => !Console.IsOutputRedirected && !StandardOutput.IsClaimed && Out.Profile.Capabilities.Ansi;

    /// <summary>Writes to stderr from now on.</summary>
    public static void UseStandardError() => Out = Create(Console.Error, Console.IsErrorRedirected);

    static IAnsiConsole Create(TextWriter writer, bool redirected)
    {
        bool plain = redirected || Environment.GetEnvironmentVariable("NO_COLOR") is { Length: > 0 };
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = plain ? AnsiSupport.No : AnsiSupport.Detect,
            ColorSystem = plain ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
            Out = new AnsiConsoleOutput(writer),
        });
        // Redirected output has no width; the reader cuts lines there.
        if (redirected) console.Profile.Width = 400;
        return console;
    }
}
