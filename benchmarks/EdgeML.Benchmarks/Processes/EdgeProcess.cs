using System.Diagnostics.Metrics;
using System.Net;
using System.Text.Json;
using EdgeML.Native.Codecs;
using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Control.Loop;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Profiling;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Inference.Tasks;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Payloads;
using EdgeML.Native.Offload.Client;
using EdgeML.Native.Policies;
using EdgeML.Native.Telemetry;
using EdgeML.Simulation.Baselines;
using EdgeML.Simulation.Links;
using EdgeML.Simulation.Processes;
using EdgeML.Simulation.Scenarios;
using EdgeML.Training.Data;

namespace EdgeML.Benchmarks.Processes;

/// <summary>An edge in its own process, so that what the process allocates is what the edge allocates: default controller, learner
/// and telemetry on, pictures of the data set "shapes".</summary>
static class EdgeProcess
{
    public const string Argument = "edge-process";

    const int Pictures = 256;

    /// <summary>Runs an edge process and waits for its result.</summary>
    public static EdgeRunResult Start(EdgeRun run)
    {
        using ChildProcess process = OwnProgram.Start(Argument, JsonSerializer.Serialize(run));
        return JsonSerializer.Deserialize<EdgeRunResult>(process.Line())!;
    }

    /// <summary>The other process.</summary>
    public static int Serve(ReadOnlySpan<string> args)
    {
        Console.WriteLine(JsonSerializer.Serialize(Run(JsonSerializer.Deserialize<EdgeRun>(args[0])!)));
        return 0;
    }

    static EdgeRunResult Run(EdgeRun run)
    {
        using var model = BranchedModel.Load(run.Package);
        byte[][] pictures = Draw(model.Manifest);
        var profile = DeviceProfiler.Measure(model, "here", runs: 20);
        var scenario = new DemoScenarioBuilder(
            model.Manifest, profile, PayloadSize.SentAtCuts(model.Manifest, TensorEncoding.Float32));
        long measurements = 0;
        using MeterListener telemetry = Listen(() => measurements++);
        var tuning = new DemoTuning();
        using LinkShaper? link = run.Emulate && run.TailPort > 0
            ? new LinkShaper(new LinkShaperOptions
            {
                Target = new IPEndPoint(IPAddress.Loopback, run.TailPort),
                Trace = LinkTrace.Constant(tuning.FastRate / 1e6, tuning.RttMs),
            })
            : null;
        int tailPort = link?.EndPoint.Port ?? run.TailPort;
        // Without the slow edge the demo's bounds would be no bounds; half the whole network's time leaves something to decide.
        var bounds = run.Emulate ? scenario.Bounds : new Requirements(profile.UnitMs.Sum() / 2, double.PositiveInfinity);
        int cut = NarrowestBeforeExits(model.Manifest);
        using var session = new EdgeSession(model, new EdgeSessionOptions
        {
            CreateController = context =>
            {
                var controller = BaselineControllers.Create(PolicyControllers.EdgeML, context with { LearningBudget = run.LearningBudget });
                return run.AlwaysOffload ? new SteeredController(controller, cut) : controller;
            },
            Tail = tailPort > 0 ? new TailClientOptions { Host = "127.0.0.1", Port = tailPort } : null,
            ConnectWait = TimeSpan.FromSeconds(10),
            Profile = profile,
            Requirements = bounds,
            DeadlineMs = 1000,
            Emulation = run.Emulate ? new DeviceEmulation(scenario.Edge, scenario.EdgeSlowdown) : null,
        });

        var logits = new float[model.Manifest.Classes];
        double warmUpMs = 0;
        for (int i = 0; i < run.WarmUp; i++) warmUpMs += session.Run(pictures[i % Pictures], logits).LatencyMs;
        double before = session.Control.ShareOfTaskTime * warmUpMs;
        long allocated = GC.GetTotalAllocatedBytes();
        int collections = GC.CollectionCount(0), old = GC.CollectionCount(2);
        long offloaded = 0, fallbacks = 0;
        double latencyMs = 0;
        for (int i = 0; i < run.Tasks; i++)
        {
            TaskResult result = session.Run(pictures[(run.WarmUp + i) % Pictures], logits);
            if (result.Offloaded) offloaded++;
            if (result.Fallback) fallbacks++;
            latencyMs += result.LatencyMs;
        }
        allocated = GC.GetTotalAllocatedBytes() - allocated;
        collections = GC.CollectionCount(0) - collections;
        old = GC.CollectionCount(2) - old;
        ControlCounters control = session.Control;
        double after = control.ShareOfTaskTime * (warmUpMs + latencyMs);
        return new EdgeRunResult
        {
            AllocatedBytesPerTask = (double)allocated / run.Tasks,
            Collections = collections,
            OldCollections = old,
            Offloaded = offloaded,
            Fallbacks = fallbacks,
            Measurements = measurements,
            Decisions = control.Decisions,
            DecideMicros = control.DecideMicrosMedian,
            LearnSteps = control.LearnSteps,
            LearnMicros = control.LearnMicros,
            ControlShare = control.ShareOfTaskTime,
            ControlShareWhenWarm = (after - before) / latencyMs,
            MeanLatencyMs = latencyMs / run.Tasks,
            Slowdown = run.Emulate ? scenario.EdgeSlowdown : 1,
        };
    }

    static byte[][] Draw(ModelManifest manifest)
    {
        using ImageSource source = DataSpec.Parse("shapes:seed=1,difficulty=mixed").Open(manifest.Input.Shape);
        var pictures = new byte[Pictures][];
        for (int i = 0; i < Pictures; i++) source.Read(i, pictures[i] = new byte[manifest.Input.Elements]);
        return pictures;
    }

    // Before every exit, so that nothing is answered on the edge.
    static int NarrowestBeforeExits(ModelManifest manifest)
    {
        int narrowest = 0;
        for (int k = 1; k < manifest.Exits[0].AfterUnit; k++)
            if (manifest.Cuts[k].Bytes < manifest.Input.Elements && manifest.Cuts[k].Bytes < manifest.Cuts[narrowest].Bytes) narrowest = k;
        return narrowest;
    }

    static MeterListener Listen(Action measured)
    {
        var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Meter.Name == EdgeMetrics.MeterName) self.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<double>((_, _, _, _) => measured());
        listener.SetMeasurementEventCallback<long>((_, _, _, _) => measured());
        listener.Start();
        return listener;
    }
}
