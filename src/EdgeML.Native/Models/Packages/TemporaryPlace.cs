using System.Diagnostics;
using System.Globalization;

namespace EdgeML.Native.Models.Packages;

/// <summary>Hidden names beside a path, for what is written before it gets its own name, and the removal of those that a killed process
/// left.</summary>
static class TemporaryPlace
{
    /// <summary>Younger ones may belong to a process on another machine that shares the folder.</summary>
    static readonly TimeSpan s_old = TimeSpan.FromHours(1);

    const string Ending = ".tmp";

    /// <summary>A name that nothing else has. Removes old leftovers of the same path, if the path itself is there.</summary>
    internal static string Beside(string path)
    {
        path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        string folder = Path.GetDirectoryName(path) ?? "/", start = $".{Path.GetFileName(path)}.";
        // Without the path, a leftover may be the only copy of it.
        if (Path.Exists(path)) RemoveLeftovers(folder, start);
        return Path.Combine(folder, $"{start}{Environment.ProcessId:x}-{Guid.NewGuid():N}{Ending}");
    }

    static void RemoveLeftovers(string folder, string start)
    {
        foreach (string entry in Directory.EnumerateFileSystemEntries(folder, $"{start}*{Ending}"))
        {
            string[] parts = Path.GetFileName(entry)[start.Length..^Ending.Length].Split('-');
            if (parts.Length != 2 || !Guid.TryParseExact(parts[1], "N", out _)
                || !int.TryParse(parts[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out int process)
                || DateTime.UtcNow - File.GetLastWriteTimeUtc(entry) < s_old || IsRunning(process)) continue;
            try
            {
                if (Directory.Exists(entry)) Directory.Delete(entry, recursive: true);
                else File.Delete(entry);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Another process removes it, or its owner keeps it.
            }
        }
    }

    static bool IsRunning(int id)
    {
        try
        {
            using Process process = Process.GetProcessById(id);
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
