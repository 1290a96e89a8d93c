using Spectre.Console;

namespace EdgeML.Cli.CommandLine;

/// <summary>Standard output for people: coloured on a terminal, plain where it is redirected or NO_COLOR is set.</summary>
static class Terminal
{
    static readonly bool s_plain = Console.IsOutputRedirected || Environment.GetEnvironmentVariable("NO_COLOR") is { Length: > 0 };

    /// <summary>The console to write markup, tables and live views to.</summary>
    public static IAnsiConsole Out { get; } = Create();

    /// <summary>Whether a view may be redrawn in place.</summary>
    public static bool IsInteractive => !Console.IsOutputRedirected && Out.Profile.Capabilities.Ansi;

    static IAnsiConsole Create()
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = s_plain ? AnsiSupport.No : AnsiSupport.Detect,
            ColorSystem = s_plain ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
        });
        // Redirected output has no width; lines there are cut by whoever reads them.
        if (Console.IsOutputRedirected) console.Profile.Width = 400;
        return console;
    }
}
