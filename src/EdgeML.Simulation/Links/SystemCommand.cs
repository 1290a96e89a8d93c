using System.ComponentModel;
using EdgeML.Simulation.Processes;

namespace EdgeML.Simulation.Links;

/// <summary>Tools of the operating system that take a moment.</summary>
static class SystemCommand
{
    static readonly TimeSpan s_limit = TimeSpan.FromSeconds(10);

    /// <summary>Where a tool lies; null for nowhere.</summary>
    public static string? Find(string tool)
    {
        string path = Environment.GetEnvironmentVariable("PATH") ?? "";
        // Users' paths often lack the folders of administrators.
        return path.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries).Concat(["/usr/sbin", "/sbin"])
            .Select(folder => Path.Combine(folder, tool)).FirstOrDefault(File.Exists);
    }

    /// <summary>Runs a command line, words separated by single spaces.</summary>
    /// <returns>Null for success, else its first complaint.</returns>
    public static string? Run(string line)
    {
        string[] words = line.Split(' ');
        try
        {
            Outcome outcome = ChildProcess.Run([Find(words[0]) ?? words[0], .. words.AsSpan(1)], s_limit);
            return outcome.ExitCode == 0 ? null : $"{line}: {outcome.Complaint}";
        }
        catch (Exception error) when (error is Win32Exception or TimeoutException)
        {
            return $"{line}: {error.Message}";
        }
    }
}
