using System.ComponentModel;
using System.Diagnostics;

namespace EdgeML.Simulation.Links;

/// <summary>Runs a tool of the operating system to its end.</summary>
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
        var start = new ProcessStartInfo(Find(words[0]) ?? words[0]) { RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (string word in words.AsSpan(1)) start.ArgumentList.Add(word);
        try
        {
            using Process? process = Process.Start(start);
            if (process is null) return $"{line}: did not start";
            Task<string> complaint = process.StandardError.ReadToEndAsync();
            _ = process.StandardOutput.ReadToEndAsync();
            if (!process.WaitForExit(s_limit))
            {
                process.Kill();
                return $"{line}: took longer than {s_limit.TotalSeconds:0} s";
            }
            return process.ExitCode == 0 ? null : $"{line}: {complaint.Result.Split('\n')[0].Trim()}";
        }
        catch (Win32Exception error)
        {
            return $"{line}: {error.Message}";
        }
    }
}
