using System.CommandLine;
using System.CommandLine.Parsing;
using Microsoft.Win32.SafeHandles;
using Spectre.Console;

namespace EdgeML.Cli.CommandLine;

/// <summary>Standard output as the place of a result for programs, written <c>-</c>; messages for people then go to stderr.</summary>
static class StandardOutput
{
    /// <summary>How an option names it.</summary>
    public const string Name = "-";

    /// <summary>Whether a result for programs goes there.</summary>
    public static bool IsClaimed { get; private set; }

    /// <summary>Sends text for people to stderr where an option of the command claims standard output.</summary>
    /// <exception cref="ArgumentException">Two options do.</exception>
    public static void Route(ParseResult parsed)
    {
        string[] claims =
        [
            .. parsed.CommandResult.Children.OfType<OptionResult>()
                .Where(option => option.Option is Option<string?> { Name: "--json" or "--answers" } && option.Tokens is [{ Value: Name }])
                .Select(option => option.Option.Name),
        ];
        if (claims.Length > 1) throw new ArgumentException($"{string.Join(" and ", claims)} are both '-', only one can be");
        if (claims.Length == 0) return;
        IsClaimed = true;
        Console.SetOut(Console.Error);
        Terminal.UseStandardError();
        AnsiConsole.Console = Terminal.Out;
    }

    /// <summary>Whether a failed write means that the reader has closed its end; a full disk, for instance, is a real error.</summary>
    public static bool HasLostReader(IOException error)
    {
        const int brokenPipe = 32, windowsBrokenPipe = unchecked((int)0x8007006D), windowsNoData = unchecked((int)0x800700E8);
        return OperatingSystem.IsWindows() ? error.HResult is windowsBrokenPipe or windowsNoData : error.HResult == brokenPipe;
    }

    /// <summary>Opens it for writing. A reader that has closed its end of a pipe is an <see cref="IOException"/>.</summary>
    public static Stream Open()
    {
        if (!OperatingSystem.IsWindows())
        {
            // The console's stream silently drops output that no process reads.
            var pipe = new FileStream(new SafeFileHandle(1, ownsHandle: false), FileAccess.Write, bufferSize: 0);
            if (!pipe.CanSeek) return pipe;
            // A file may be shared with other programs, and this kind of stream would not move its position.
        }
        return Console.OpenStandardOutput();
    }
}
