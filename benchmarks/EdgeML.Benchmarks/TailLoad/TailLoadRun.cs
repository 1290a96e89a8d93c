using System.Runtime.InteropServices;
using EdgeML.Benchmarks.Subjects;
using EdgeML.Benchmarks.Targets;
using EdgeML.Benchmarks.Tls;
using EdgeML.Cli.Diagnostics;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Packages;

namespace EdgeML.Benchmarks.TailLoad;

/// <summary>A tail in its own process under many devices, beside the same layers served by gRPC: the page docs/results/tail.md.</summary>
static class TailLoadRun
{
    const int Cut = 4, GreedyInFlight = 16, MaxBatch = 16, BatchTarget = 16;
    const double LeastAtOverload = 0.9, LeastShare = 0.8, LeastGain = 1.5, MostLater = 1;
    static readonly int[] s_devices = [1, 4, 16, 32, 48, 64], s_batchDevices = [1, 8, 16];

    /// <returns>0 when every target holds, 1 otherwise.</returns>
    /// <exception cref="ArgumentException">Not on Linux.</exception>
    public static int Run(Options options)
    {
        if (!OperatingSystem.IsLinux()) throw new ArgumentException("--tail reads /proc, so it needs Linux");
        (int rounds, TimeSpan duration) = options.Quick ? (1, TimeSpan.FromSeconds(1)) : (3, TimeSpan.FromSeconds(4));
        Console.Write(MachineResults.Versions());
        string load = File.ReadAllText("/proc/loadavg").Split(' ')[0];
        using var models = new BenchmarkModels(options);
        var page = new TailPage();
        // First: 10,000 connections leave this process slower at single round trips.
        TargetRow[] tls = TlsRun.Measure(models.Shipped);
        Shipped(models.Shipped, page, rounds, duration);
        Batching(models, page, rounds, duration);
        foreach (TargetRow row in tls) page.Target(row with { What = $"mutual TLS: {row.What}" });
        string text = $"""
            # The tail under load

            Written by `dotnet run -c Release --project benchmarks/EdgeML.Benchmarks -- --tail{(options.Quick ? " --quick" : "")} --write`. Machine: {ProcessorSearch.Model},
            {Environment.ProcessorCount} threads usable, {RuntimeInformation.OSDescription}, .NET {Environment.Version}; load average when it began: {load}.

            Servers and the devices that load them are processes of the same machine, so throughput is what both together reach on it. A device
            sends its next request when an answer comes (closed loop), over its own connection, and its latency counts from sending to the
            whole answer. The load client is part of the benchmarks (`TailLoad/LoadClient.cs`); gRPC has one that does the same with
            Grpc.Net.Client (`EdgeML.GrpcBaseline/Load.cs`). Every run has a second of warm-up and {duration.TotalSeconds:0} s of measuring. Servers are
            measured in turns, and the numbers are medians of {rounds} rounds.

            The gRPC server is Grpc.AspNetCore on Kestrel: a unary call carries the same tensor, and plain ONNX Runtime computes the same layers,
            as one graph, through its C# interface on one thread a call. Both servers get the same request, and their logits are compared.
            "One at a time" computes one call at a time, as this tail with its one compute thread does; "as many as come" is what a program
            without a limit does: it may compute on every core, so the row that sets the tail beside it compares one compute thread with
            {Environment.ProcessorCount} cores.

            {page}
            """;
        Console.Write($"\n{text}");
        if (options.Write) Console.WriteLine($"\nwritten to {MachineResults.WriteDocument("results/tail.md", text)}");
        if (page.Missed > 0) Console.WriteLine($"\n{page.Missed} missed");
        return page.Missed == 0 ? 0 : 1;
    }

    static void Shipped(string package, TailPage page, int rounds, TimeSpan duration)
    {
        ModelManifest manifest = Manifest(package);
        using var tail = new TailSubject("edgeml tail", package, manifest, Cut);
        using (var one = new GrpcSubject("gRPC, one at a time", package, Cut, atOnce: 1))
        using (var many = new GrpcSubject("gRPC, as many as come", package, Cut, atOnce: 0))
        {
            ILoadSubject[] subjects = [tail, one, many];
            LoadResult[][] medians = Comparison.Run(subjects, s_devices, rounds, duration);
            double peak = medians.Max(row => row[0].PerSecond), atMost = medians[^1][0].PerSecond;
            page.Heading("Throughput and overload");
            page.Paragraph(
                $"`{manifest.Name}` from cut {Cut}, {LoadClient.Payload(manifest, Cut).Length:N0} bytes of float32 a request, one request under way a device. "
                + $"The tail refused {medians.Sum(row => row[0].Refused)} requests.");
            Comparison.Write(page, subjects, s_devices, medians);
            page.Target(TargetRow.AtLeast($"throughput with {s_devices[^1]} devices / peak", atMost / peak, LeastAtOverload, $"{atMost / peak:0.00} ({atMost:0} / {peak:0} requests per second)", $">= {LeastAtOverload}"));
            for (int other = 1; other < subjects.Length; other++)
            {
                double theirs = medians[^1][other].PerSecond;
                string threads = subjects[other] == one ? "one compute thread each" : $"one compute thread against all {Environment.ProcessorCount} cores";
                page.Target(TargetRow.Info(
                    $"throughput with {s_devices[^1]} devices / {subjects[other].Name}: {threads}", $"{atMost / theirs:0.00} ({atMost:0} / {theirs:0} requests per second)"));
            }
            Fairness(subjects, page, rounds, duration);
        }
        IdleDevices.Measure(tail, page, duration);
    }

    static void Fairness(ILoadSubject[] subjects, TailPage page, int rounds, TimeSpan duration)
    {
        int[] inFlight = [1, GreedyInFlight, GreedyInFlight, GreedyInFlight, GreedyInFlight];
        List<LoadResult>[] runs = [.. subjects.Select(_ => new List<LoadResult>())];
        for (int round = 0; round < rounds; round++)
            for (int s = 0; s < subjects.Length; s++) runs[s].Add(subjects[s].Drive(inFlight, duration));
        LoadResult[] medians = [.. runs.Select(LoadResult.Median)];
        page.Heading("Fairness");
        page.Paragraph($"A modest device with one request under way beside four greedy ones with {GreedyInFlight} each, answers per second of each.");
        page.Table(
            ["server", "modest", "greedy", "modest / a fifth of all"],
            subjects.Select((subject, s) => (IReadOnlyList<string>)
            [
                subject.Name, TailPage.Number(medians[s].ByDevice[0], 0), string.Join(", ", medians[s].ByDevice.Skip(1).Select(rate => TailPage.Number(rate, 0))),
                TailPage.Number(Share(medians[s])),
            ]));
        double share = Share(medians[0]);
        page.Target(TargetRow.AtLeast("a modest device's requests / a fifth of all", share, LeastShare, $"{share:0.00}", $">= {LeastShare}"));

        static double Share(LoadResult result) => 5 * result.ByDevice[0] / result.PerSecond;
    }

    static void Batching(BenchmarkModels models, TailPage page, int rounds, TimeSpan duration)
    {
        string package = models.Vgg16 ?? models.Shipped;
        ModelManifest manifest = Manifest(package);
        using var alone = new TailSubject("edgeml tail", package, manifest, cut: 0);
        using var together = new TailSubject($"edgeml tail --max-batch {MaxBatch}", package, manifest, cut: 0, MaxBatch);
        using var grpc = new GrpcSubject("gRPC, one at a time", package, cut: 0, atOnce: 1);
        // The sizes that pay are found while requests come.
        together.Drive([.. Enumerable.Repeat(1, MaxBatch)], TimeSpan.FromSeconds(Math.Max(5, duration.TotalSeconds)));
        ILoadSubject[] subjects = [alone, together, grpc];
        LoadResult[][] medians = Comparison.Run(subjects, s_batchDevices, rounds, duration);
        page.Heading("Batching");
        page.Paragraph(
            $"`{manifest.Name}` from cut 0, {LoadClient.Payload(manifest, 0).Length:N0} bytes of float32 a request"
            + (models.Vgg16 is null ? $" (the shipped network, because {BenchmarkModels.NoVgg16["skipped: ".Length..]})." : ".")
            + $" Requests of several devices that wait are computed together, up to {MaxBatch}, in the sizes that were found to be faster.");
        Comparison.Write(page, subjects, s_batchDevices, medians);
        int at = Array.IndexOf(s_batchDevices, BatchTarget);
        double gain = medians[at][0].CpuMs / medians[at][1].CpuMs;
        string measured = $"{gain:0.00} ({1000 / medians[at][0].CpuMs:0} to {1000 / medians[at][1].CpuMs:0} requests per second of CPU)";
        string what = $"`{manifest.Name}` from cut 0, {BatchTarget} devices: requests per second and core, together / one by one";
        page.Target(models.Vgg16 is null ? TargetRow.Info(what, measured) : TargetRow.AtLeast(what, gain, LeastGain, measured, $">= {LeastGain}"));
        double later = medians[at][1].P99 / medians[at][0].P99;
        (what, measured) = ("the same, p99, together / one by one", $"{later:0.00} ({TailPage.Number(medians[at][1].P99)} / {TailPage.Number(medians[at][0].P99)} ms)");
        page.Target(models.Vgg16 is null ? TargetRow.Info(what, measured) : TargetRow.AtMost(what, later, MostLater, measured, $"<= {MostLater}"));
    }

    static ModelManifest Manifest(string package)
    {
        using ModelPackage opened = ModelPackage.Open(package);
        return opened.Manifest;
    }
}
