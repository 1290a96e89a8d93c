using System.CommandLine;
using System.Runtime.InteropServices;

namespace EdgeML.Cli.CommandLine;

/// <summary>The command and the machine of a page, for its head.</summary>
static class CommandText
{
    /// <summary>Processor, cores, system and runtime.</summary>
    public static string Machine =>
        $"{Processor()}, {Environment.ProcessorCount} cores, {RuntimeInformation.OSDescription}, {RuntimeInformation.FrameworkDescription}";

    /// <summary>The command line without the folders of the machine it ran on.</summary>
    public static string Of(ParseResult parsed) => "edgeml" + string.Concat(parsed.Tokens.Select(token => " " + ShortName(token.Value)));

    static string ShortName(string argument) =>
        argument.Contains(Path.DirectorySeparatorChar, StringComparison.Ordinal)
            ? Path.GetFileName(Path.TrimEndingDirectorySeparator(argument))
            : argument;

    static string Processor()
    {
        string? line = File.Exists("/proc/cpuinfo")
            ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(text => text.StartsWith("model name", StringComparison.Ordinal))
            : null;
        return line is null
            ? RuntimeInformation.ProcessArchitecture.ToString()
            : line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
    }
}
