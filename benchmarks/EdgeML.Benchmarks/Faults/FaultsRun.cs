using System.Diagnostics;
using EdgeML.Benchmarks.Subjects;
using EdgeML.Benchmarks.Targets;
using EdgeML.Cli.CommandLine;
using EdgeML.Native.Inference.Engines;
using EdgeML.Simulation.Faults;
using EdgeML.Simulation.Processes;

namespace EdgeML.Benchmarks.Faults;

/// <summary>Many seeded link faults between devices and <c>edgeml tail</c>, and the latencies beside a run without them.</summary>
static class FaultsRun
{
    const int DefaultFaults = 10_000, DefaultDevices = 4;

    /// <returns>0 when every answer is right, 1 otherwise.</returns>
    /// <exception cref="ArgumentException">Not on Linux.</exception>
    public static int Run(Options options)
    {
        if (!OperatingSystem.IsLinux()) throw new ArgumentException("--faults stops processes with signals, so it needs Linux");
        Console.Write(MachineResults.Versions());
        using var models = new BenchmarkModels(options);
        using var certificates = options.Tls ? new BenchmarkCertificates() : null;
        using var model = BranchedModel.Load(models.Shipped);
        var settings = new FaultSettings
        {
            Faults = options.Number ?? DefaultFaults,
            Seed = options.Seed,
            Devices = options.Devices ?? DefaultDevices,
            Tls = certificates?.Device("device"),
            TailCommand =
            [
                .. ChildProcess.ProgramHere("edgeml"), "tail", "--model", models.Shipped, "--listen", "127.0.0.1:0",
                .. certificates?.TailArguments ?? [],
            ],
        };
        Console.WriteLine();
        using var progress = new ProgressLine("faults", settings.Faults);
        var gate = new Lock();
        long start = Stopwatch.GetTimestamp();
        FaultReport report = FaultCampaign.Run(model, settings, struck =>
        {
            lock (gate) progress.Report(struck);
        });
        progress.Clear();
        Console.Write(report);
        Console.WriteLine($"\n{Stopwatch.GetElapsedTime(start).TotalSeconds:0} s");
        string[] complaints = [.. report.Complaints()];
        foreach (string complaint in complaints) Console.WriteLine($"WRONG: {complaint}");
        return complaints.Length == 0 ? 0 : 1;
    }
}
