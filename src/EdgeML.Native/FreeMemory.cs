using System.Globalization;

namespace EdgeML.Native;

/// <summary>How much memory this process could still take.</summary>
static class FreeMemory
{
    /// <summary>Bytes available on the system, or fewer where a container allows fewer.</summary>
    public static long Bytes
    {
        get
        {
            GCMemoryInfo gc = GC.GetGCMemoryInfo();
            long free = Math.Max(0, gc.TotalAvailableMemoryBytes - Environment.WorkingSet);
            if (FromKernel() is { } available) free = Math.Min(free, available);
            return free;
        }
    }

    static long? FromKernel()
    {
        const string key = "MemAvailable:";
        try
        {
            foreach (string line in File.ReadLines("/proc/meminfo"))
            {
                if (!line.StartsWith(key, StringComparison.Ordinal)) continue;
                ReadOnlySpan<char> number = line.AsSpan(key.Length).Trim();
                int end = number.IndexOf(' ');
                return long.Parse(end < 0 ? number : number[..end], NumberStyles.None, CultureInfo.InvariantCulture) * 1024;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException or OverflowException)
        {
            // Not this kind of system; the runtime's own figure stands.
        }
        return null;
    }
}
