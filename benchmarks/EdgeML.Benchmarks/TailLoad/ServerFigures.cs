using System.Globalization;

namespace EdgeML.Benchmarks.TailLoad;

/// <summary>Figures that Linux gives of a process.</summary>
static class ServerFigures
{
    public static double CpuSeconds(int process)
    {
        string[] fields = File.ReadAllText($"/proc/{process}/stat").Split(')')[^1].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        // In ticks of a hundredth, on every Linux .NET runs on.
        return (long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture)) / 100.0;
    }

    /// <summary>Resident memory, KB.</summary>
    public static long Memory(int process) => Status(process, "VmRSS:");

    public static long Threads(int process) => Status(process, "Threads:");

    /// <summary>Open files and sockets.</summary>
    public static int Handles(int process) => Directory.GetFileSystemEntries($"/proc/{process}/fd").Length;

    /// <summary>Most descriptors that this process may have.</summary>
    public static int MostHandles()
    {
        string line = File.ReadLines("/proc/self/limits").First(line => line.StartsWith("Max open files", StringComparison.Ordinal));
        return int.TryParse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[3], out int limit) ? limit : int.MaxValue;
    }

    static long Status(int process, string field)
    {
        string line = File.ReadLines($"/proc/{process}/status").First(line => line.StartsWith(field, StringComparison.Ordinal));
        return long.Parse(line.Split(['\t', ' '], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }
}
