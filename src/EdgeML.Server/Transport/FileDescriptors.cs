using System.Globalization;

namespace EdgeML.Server.Transport;

/// <summary>How many connections the process has file descriptors for. A .NET process in which none is left ends: a new thread of the pool
/// needs two. So some stay free.</summary>
static class FileDescriptors
{
    /// <summary>Threads, libraries and files of the first requests.</summary>
    const int Least = 8;

    /// <summary>So many left that the pool's threads do not matter.</summary>
    const int Plenty = 1024;

    const string Limits = "/proc/self/limits", Open = "/proc/self/fd";

    /// <summary>Descriptors left for connections; the largest number where that is not known.</summary>
    public static int LeftForConnections()
    {
        if (Limit() is not { } limit) return int.MaxValue;
        int kept = Math.Clamp(limit / 16, Least, 64), left = limit - Used() - kept;
        if (left > Plenty) return left;
        // Here a few descriptors matter.
        WarmUpPool();
        return limit - Used() - kept;
    }

    static int Used() => Directory.GetFileSystemEntries(Open).Length;

    static int? Limit()
    {
        if (!File.Exists(Limits) || !Directory.Exists(Open)) return null;
        // Max open files            1024                 1048576              files
        string? line = File.ReadLines(Limits).FirstOrDefault(each => each.StartsWith("Max open files", StringComparison.Ordinal));
        string? soft = line?["Max open files".Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0];
        return int.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out int limit) ? limit : null;
    }

    /// <summary>Makes the pool start its usual threads, so that their descriptors are among the used ones.</summary>
    static void WarmUpPool()
    {
        // Not disposed: a thread may come late to it.
        var meeting = new Barrier(Environment.ProcessorCount + 1);
        TimeSpan limit = TimeSpan.FromSeconds(1);
        for (int i = 0; i < Environment.ProcessorCount; i++)
            ThreadPool.UnsafeQueueUserWorkItem(_ => meeting.SignalAndWait(limit), null);
        meeting.SignalAndWait(limit);
    }
}
