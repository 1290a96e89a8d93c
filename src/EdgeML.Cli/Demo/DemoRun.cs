using System.Diagnostics;
using EdgeML.Cli.Diagnostics;
using EdgeML.Native.Codecs;
using EdgeML.Native.Control.Loop;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Profiling;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Payloads;
using EdgeML.Native.Policies;
using EdgeML.Simulation.Links;
using EdgeML.Simulation.Reports;
using EdgeML.Simulation.Scenarios;
using EdgeML.Simulation.Worlds;
using EdgeML.Training.Data;

namespace EdgeML.Cli.Demo;

/// <summary>A demo run from the model to the judged rows: prepares, records inputs, runs the controller on show, then its baselines.</summary>
sealed class DemoRun(DemoOptions options, IDemoView view, string commandLine)
{
    const TensorEncoding Codec = TensorEncoding.Float16;
    const int ProfileRuns = 100;

    public async Task<DemoOutcome> RunAsync(CancellationToken cancellation)
    {
        long start = Stopwatch.GetTimestamp();
        using BranchedModel model = DemoModel.Load(options.Model, options.Data, view.Say, cancellation, options.Backend);
        ModelManifest manifest = model.Manifest;
        view.Say("measuring this machine");
        DeviceProfile machine = DeviceProfiler.Measure(model, ProcessorSearch.Model, ProfileRuns, cancellation: cancellation);
        long[] payload = PayloadSize.SentAtCuts(manifest, Codec);
        var builder = new DemoScenarioBuilder(manifest, machine, payload);
        DemoScenario scenario = options.Trace is { } trace
            ? builder.Build(options.Tasks, options.Seed, seconds => Condition(trace.At(seconds)))
            : builder.Build(options.Tasks, options.Seed);

        view.Say($"recording {scenario.Tasks} inputs for the oracle");
        RecordedInputs inputs;
        using (ImageSource source = options.Data.Open(manifest, scenario.Tasks))
            inputs = RecordedInputs.Record(model, source, scenario.Tasks, cancellation);
        VirtualWorld world = ScenarioWorld.Of(scenario, manifest, builder.Edge, machine, inputs.ToCalibration(), payload);
        var grid = new FixedPolicyGrid(world);
        ExitPolicy bestFixed = grid.Best(1)[0].Policy;
        DemoRow[] rows = DemoRow.Make(options.Baselines, manifest, world, grid, bestFixed);
        var runner = new ScenarioRunner(scenario, model, builder.Edge, options.Data, inputs, Codec);
        RowProgress[] progress = [.. rows.Select(row => new RowProgress(row.Name, scenario.Tasks))];

        var tails = new TailProcess?[rows.Length];
        try
        {
            view.Say("starting tails");
            for (int i = 0; i < rows.Length; i++)
                tails[i] = rows[i].UsesTail ? await TailProcess.StartAsync(model.Package.Folder, cancellation,
                    backend: options.BackendArguments).ConfigureAwait(false) : null;
            view.Begin(scenario, manifest, progress);
            await RunRowsAsync(0, 1).ConfigureAwait(false);
            if (options.OneByOne)
                for (int i = 1; i < rows.Length; i++) await RunRowsAsync(i, i + 1).ConfigureAwait(false);
            else if (rows.Length > 1)
                await RunRowsAsync(1, rows.Length).ConfigureAwait(false);
        }
        finally
        {
            view.End();
            foreach (TailProcess? tail in tails) tail?.Stop();
            foreach (TailProcess? tail in tails) tail?.Dispose();
        }

        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        var report = new DemoReportData
        {
            Scenario = scenario,
            Rows = [.. progress.Select(each => each.Judge()!)],
            RowNotes = rows.ToDictionary(row => row.Name, row => row.Note),
            Environment = Environment(model, builder, grid, seconds),
            LocalCut = manifest.LocalCut,
            Exits = manifest.Exits.Count,
            CommandLine = commandLine,
            Decisions = progress[0].Decisions,
        };
        return new DemoOutcome(report, progress[0].State.Control, seconds);

        async Task RunRowsAsync(int from, int to)
        {
            // An emulated edge sleeps most of the time, so rows side by side hardly feel each other. The first failure ends them all.
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            Task[] running = [.. Enumerable.Range(from, to - from).Select(i => Task.Factory.StartNew(
                () => RunRow(i, stop), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))];
            try
            {
                await view.ShowUntilAsync(Task.WhenAll(running), from, to).ConfigureAwait(false);
            }
            finally
            {
                await stop.CancelAsync().ConfigureAwait(false);
                await Task.WhenAll(running).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None,
                    TaskScheduler.Default).ConfigureAwait(false);
            }
        }

        void RunRow(int i, CancellationTokenSource stop)
        {
            try
            {
                runner.Run(tails[i], rows[i].Controller, progress[i], stop.Token);
            }
            catch
            {
                stop.Cancel();
                throw;
            }
        }
    }

    List<(string, string)> Environment(BranchedModel model, DemoScenarioBuilder builder, FixedPolicyGrid grid, double seconds) =>
    [
        ("machine", $"{ProcessorSearch.Model}, {System.Environment.ProcessorCount} threads"),
        ("system",
            $"{System.Runtime.InteropServices.RuntimeInformation.OSDescription}, .NET {System.Environment.Version}, "
            + $"{model.BackendVersion}"),
        ("model", $"{model.Manifest.Name}, {model.Manifest.Hash}"),
        ("data", options.Data.Text),
        ("seed", options.Seed.ToString()),
        ("emulated edge", $"{builder.EdgeSlowdown:0.0} times slower than this machine; one input every {new DemoTuning().PeriodMs:0} ms"),
        ("busy tail", $"computes {builder.BusyTailFactor:0} times slower than alone"),
        ("energy",
            $"declared: {builder.Edge.Power.IdleWatts} W idle, {builder.Edge.Power.BusyWatts} W computing, "
            + $"{builder.Edge.Power.RadioWatts} W more while sending"),
        ("link", options.Trace is null ? "drawn from the seed" : "trace"),
        ("best-fixed", grid.Description),
        ("took", $"{seconds:0} s"),
    ];

    LinkCondition Condition(LinkLevel level) =>
        new(level.Mbps * 1e6, double.IsNaN(level.RttMs) ? options.RttMs : level.RttMs);
}

/// <summary>The outcome of a demo run.</summary>
sealed record DemoOutcome(DemoReportData Report, ControlCounters Control, double Seconds);
