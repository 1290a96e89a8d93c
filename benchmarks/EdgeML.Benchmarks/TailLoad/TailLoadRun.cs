using System.Diagnostics;
using System.Globalization;
using System.Text;
using EdgeML.Benchmarks.Processes;
using EdgeML.Benchmarks.Subjects;
using EdgeML.Benchmarks.Targets;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Packages;
using EdgeML.Native.Numerics;

namespace EdgeML.Benchmarks.TailLoad;

/// <summary>A tail in its own process under many devices: throughput and latency by their number, fairness, idle devices.</summary>
static class TailLoadRun
{
    const int Cut = 4, IdleDevices = 10_000, Spare = 500, MostThreads = 24;
    const double MostIdleKb = 6, LeastRate = 8000, LeastAtOverload = 0.9, LeastShare = 0.8;
    static readonly TimeSpan s_warmUp = TimeSpan.FromSeconds(1), s_run = TimeSpan.FromSeconds(4);
    static readonly int[] s_devices = [1, 4, 16, 32, 48, 64];

    /// <returns>0 when every target holds, 1 otherwise.</returns>
    /// <exception cref="ArgumentException">Not on Linux.</exception>
    public static int Run(Options options)
    {
        if (!OperatingSystem.IsLinux()) throw new ArgumentException("--tail reads /proc, so it needs Linux");
        Console.Write(MachineResults.Versions());
        using var models = new BenchmarkModels(options);
        ModelManifest manifest = ModelPackage.Open(models.Shipped).Manifest;
        string load = File.ReadAllText("/proc/loadavg").Split(' ')[0];
        Console.WriteLine($"Load           {load} when it began\n");
        using var tail = new TailProcess(models.Shipped);
        var page = new StringBuilder($"`{manifest.Name}` from cut {Cut}, float32, one compute thread, clients on the same machine. Load average when it began: {load}.\n\n");
        var targets = new List<TargetRow>();
        Throughput(tail, manifest, page, targets);
        Fairness(tail, manifest, page, targets);
        Idle(tail, manifest, page, targets);
        page.Append("| what | measured | target | |\n|---|---|---|---|\n");
        foreach (TargetRow row in targets) page.Append($"| {row.What} | {row.Measured} | {row.Target} | {row.VerdictText} |\n");
        Console.Write(page);
        if (options.Write) Console.WriteLine($"\nwritten to {MachineResults.Write("tail.md", "The tail under load", "--tail", page.ToString())}");
        int missed = targets.Count(row => row.Verdict == Verdict.Missed);
        if (missed > 0) Console.WriteLine($"\n{missed} missed");
        return missed == 0 ? 0 : 1;
    }

    static void Throughput(TailProcess tail, ModelManifest manifest, StringBuilder page, List<TargetRow> targets)
    {
        page.Append("| devices, one request each | requests per second | p50 ms | p99 ms | tail's CPU per request, ms | refused |\n|---:|---:|---:|---:|---:|---:|\n");
        double peak = 0, atMost = 0;
        foreach (int devices in s_devices)
        {
            Load result = Drive(tail, manifest, [.. Enumerable.Repeat(1, devices)]);
            atMost = result.PerSecond;
            peak = Math.Max(peak, result.PerSecond);
            page.Append(CultureInfo.InvariantCulture, $"| {devices} | {result.PerSecond:0} | {result.P50:0.00} | {result.P99:0.00} | {result.CpuMs:0.000} | {result.Refused} |\n");
        }
        page.Append('\n');
        targets.Add(TargetRow.AtLeast(
            $"throughput with {s_devices[^1]} devices / peak", atMost / peak, LeastAtOverload, $"{atMost / peak:0.00} ({atMost:0} / {peak:0} requests per second)", $">= {LeastAtOverload}"));
    }

    static void Fairness(TailProcess tail, ModelManifest manifest, StringBuilder page, List<TargetRow> targets)
    {
        Load result = Drive(tail, manifest, [1, 16, 16, 16, 16]);
        double fair = result.PerSecond / 5, modest = result.ByDevice[0];
        page.Append(CultureInfo.InvariantCulture, $"A device with one request under way beside four with 16: {modest:0} requests per second, the others {string.Join(", ", result.ByDevice.Skip(1).Select(rate => rate.ToString("0", CultureInfo.InvariantCulture)))}.\n\n");
        targets.Add(TargetRow.AtLeast("that device's requests / a fifth of all", modest / fair, LeastShare, $"{modest / fair:0.00} ({modest:0} / {fair:0} requests per second)", $">= {LeastShare}"));
    }

    static void Idle(TailProcess tail, ModelManifest manifest, StringBuilder page, List<TargetRow> targets)
    {
        int devices = Math.Min(IdleDevices, Descriptors() - Spare);
        long before = Memory(tail.Id, "VmRSS:");
        var idle = new List<LoadClient>();
        long start = Stopwatch.GetTimestamp();
        while (idle.Count < devices)
        {
            // Fewer at a time than a listening socket's queue holds.
            Task<LoadClient>[] some = [.. Enumerable.Range(0, Math.Min(200, devices - idle.Count))
                .Select(_ => LoadClient.ConnectAsync(tail.Port, manifest, Cut, inFlight: 0))];
            idle.AddRange(Task.WhenAll(some).GetAwaiter().GetResult());
        }
        double rate = devices / Stopwatch.GetElapsedTime(start).TotalSeconds;
        Thread.Sleep(TimeSpan.FromSeconds(2));
        double each = (double)(Memory(tail.Id, "VmRSS:") - before) / devices;
        long threads = Memory(tail.Id, "Threads:");
        Load busy = Drive(tail, manifest, [1]);
        page.Append(CultureInfo.InvariantCulture, $"One busy device beside {devices} idle ones: p50 {busy.P50:0.00} ms, p99 {busy.P99:0.00} ms.\n\n");
        targets.Add(TargetRow.AtMost($"memory per idle device, of {devices}", each, MostIdleKb, $"{each:0.00} KB", $"<= {MostIdleKb} KB"));
        targets.Add(TargetRow.AtMost("threads of the tail beside them", threads, MostThreads, $"{threads}", $"<= {MostThreads}"));
        targets.Add(TargetRow.AtLeast("new connections per second, client on the same machine", rate, LeastRate, $"{rate:0}", $">= {LeastRate}"));
        foreach (LoadClient client in idle) client.Dispose();
    }

    /// <summary>Runs devices with so many requests under way each.</summary>
    static Load Drive(TailProcess tail, ModelManifest manifest, int[] inFlight)
    {
        LoadClient[] clients = [.. inFlight.Select(count => LoadClient.ConnectAsync(tail.Port, manifest, Cut, count).GetAwaiter().GetResult())];
        using var stop = new CancellationTokenSource();
        Task[] running = [.. clients.Select(client => Task.Run(() => client.RunAsync(stop.Token)))];
        Thread.Sleep(s_warmUp);
        int[] from = [.. clients.Select(client => client.Latencies.Count)];
        double cpu = CpuSeconds(tail.Id);
        long start = Stopwatch.GetTimestamp();
        Thread.Sleep(s_run);
        int[] to = [.. clients.Select(client => client.Latencies.Count)];
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        cpu = CpuSeconds(tail.Id) - cpu;
        stop.Cancel();
        Task.WhenAll(running).Wait(TimeSpan.FromSeconds(20));
        double[] latencies = [.. clients.SelectMany((client, i) => client.Latencies.GetRange(from[i], to[i] - from[i]))];
        Array.Sort(latencies);
        var result = new Load(
            latencies.Length / seconds, Statistics.Quantile(latencies, 0.5), Statistics.Quantile(latencies, 0.99), 1000 * cpu / latencies.Length,
            [.. clients.Select((_, i) => (to[i] - from[i]) / seconds)], clients.Sum(client => client.Refused));
        foreach (LoadClient client in clients) client.Dispose();
        return result;
    }

    static double CpuSeconds(int process)
    {
        string[] fields = File.ReadAllText($"/proc/{process}/stat").Split(')')[^1].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        // In ticks of a hundredth, on every Linux .NET runs on.
        return (long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture)) / 100.0;
    }

    static long Memory(int process, string field)
    {
        string line = File.ReadLines($"/proc/{process}/status").First(line => line.StartsWith(field, StringComparison.Ordinal));
        return long.Parse(line.Split(['\t', ' '], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }

    static int Descriptors()
    {
        string line = File.ReadLines("/proc/self/limits").First(line => line.StartsWith("Max open files", StringComparison.Ordinal));
        return int.TryParse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[3], out int limit) ? limit : int.MaxValue;
    }

    sealed record Load(double PerSecond, double P50, double P99, double CpuMs, double[] ByDevice, int Refused);
}
