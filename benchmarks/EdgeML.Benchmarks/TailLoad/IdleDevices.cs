using System.Diagnostics;
using EdgeML.Benchmarks.Targets;

namespace EdgeML.Benchmarks.TailLoad;

/// <summary>Devices that are connected and send nothing, more and more of them: memory, threads, new connections per second.</summary>
static class IdleDevices
{
    const int Together = 200, Spare = 500, MostThreads = 24;
    const double MostKb = 6, LeastRate = 8000;
    static readonly TimeSpan s_rest = TimeSpan.FromSeconds(2);
    static readonly int[] s_devices = [100, 1000, 3000, 10_000];

    public static void Measure(TailSubject tail, TailPage page, TimeSpan duration)
    {
        int most = Math.Min(s_devices[^1], ServerFigures.MostHandles() - Spare);
        int[] counts = [.. s_devices.Where(count => count < most), most];
        long before = ServerFigures.Memory(tail.Process);
        LoadResult alone = tail.Drive([1], duration);
        var rows = new List<IReadOnlyList<string>>();
        var idle = new List<LoadClient>();
        double each = 0, connecting = 0;
        foreach (int count in counts)
        {
            connecting += Connect(tail, idle, count);
            Thread.Sleep(s_rest);
            each = (double)(ServerFigures.Memory(tail.Process) - before) / count;
            LoadResult busy = tail.Drive([1], duration);
            rows.Add([$"{count}", TailPage.Number(each, 1), $"{ServerFigures.Threads(tail.Process)}", TailPage.Number(busy.P50), TailPage.Number(busy.P99)]);
        }
        double rate = idle.Count / connecting;
        page.Heading("Idle devices");
        page.Paragraph(
            $"Devices that are connected and send nothing, and one busy device beside them, which alone has p50 {TailPage.Number(alone.P50)} ms and p99 {TailPage.Number(alone.P99)} ms. "
            + $"Memory is the growth of the process's resident memory since before the first one. {most} connections, {Together} at a time with their handshakes: {rate:0} per second.");
        page.Table(["idle devices", "KB each", "threads of the tail", "busy device's p50 ms", "p99 ms"], rows);
        page.Target(TargetRow.AtMost($"memory per idle device, of {most}", each, MostKb, $"{each:0.00} KB", $"<= {MostKb} KB"));
        long threads = ServerFigures.Threads(tail.Process);
        page.Target(TargetRow.AtMost("threads of the tail beside them", threads, MostThreads, $"{threads}", $"<= {MostThreads}"));
        page.Target(TargetRow.AtLeast("new connections per second, client on the same machine", rate, LeastRate, $"{rate:0}", $">= {LeastRate}"));
        foreach (LoadClient client in idle) client.Dispose();
    }

    /// <returns>Seconds that it took.</returns>
    static double Connect(TailSubject tail, List<LoadClient> idle, int count)
    {
        long start = Stopwatch.GetTimestamp();
        while (idle.Count < count)
        {
            // Fewer at a time than a listening socket's queue holds.
            Task<LoadClient>[] some = [.. Enumerable.Range(0, Math.Min(Together, count - idle.Count)).Select(_ => tail.ConnectIdleAsync())];
            idle.AddRange(Task.WhenAll(some).GetAwaiter().GetResult());
        }
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
