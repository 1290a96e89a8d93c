using System.Diagnostics.Metrics;
using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Control.Planning;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Policies;
using EdgeML.Native.Telemetry;
using EdgeML.Native.Tests.Inference.Engines;

namespace EdgeML.Native.Tests.Inference.Sessions;

/// <summary>What a task on the edge allocates once the session is warm: nothing.</summary>
public sealed class AllocationTests
{
    const int Tasks = 2000;

    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(false, 0f)]
    [InlineData(true, 0f)]
    [InlineData(true, 1f)]
    public void Run_Local_AllocatesNothing(bool fuse, float threshold)
    {
        using var loaded = new LoadedGraph("chain", new BackendOptions { Fuse = fuse });
        using var session = new EdgeSession(loaded.Model,
            new EdgeSessionOptions { Policy = loaded.Policy(threshold, loaded.Manifest.LocalCut) });
        Assert.Equal(0, AllocatedBy(session, loaded));
    }

    [Fact]
    public void Run_BothHalvesOfACutHere_AllocatesNothing()
    {
        using var loaded = new LoadedGraph("chain");
        using var session = new EdgeSession(loaded.Model, new EdgeSessionOptions { Policy = loaded.Policy(0f, 2) });
        Assert.Equal(0, AllocatedBy(session, loaded));
    }

    [Fact]
    public void Run_BothHalvesByABottleneckHere_AllocatesNothing()
    {
        using var loaded = new LoadedGraph("chain");
        loaded.Model.Package.SaveBottlenecks([TestBottlenecks.Make(loaded.Manifest, 1)]);
        using BranchedModel model = BranchedModel.Load(loaded.Folder);
        ExitPolicy policy = loaded.Policy(0f, TestBottlenecks.CutOf(loaded.Manifest)).WithBottleneck(1);
        using var session = new EdgeSession(model, new EdgeSessionOptions { Policy = policy });
        Assert.Equal(0, AllocatedBy(session, loaded));
    }

    [Fact]
    public void Run_PolicySetBeforeEveryTask_AllocatesNothing()
    {
        using var loaded = new LoadedGraph("chain");
        using var session = new EdgeSession(loaded.Model);
        ExitPolicy[] policies = [loaded.Policy(0f, loaded.Manifest.LocalCut), loaded.Policy(1f, loaded.Manifest.LocalCut),
            loaded.Policy(0.5f, 1)];
        Assert.Equal(0, AllocatedBy(session, loaded, task => session.Policy = policies[task % policies.Length]));
    }

    [Fact]
    public void Run_WithTelemetryHeard_AllocatesNothing()
    {
        long heard = 0;
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Meter.Name == EdgeMetrics.MeterName) self.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<double>((_, _, _, _) => Interlocked.Increment(ref heard));
        listener.Start();
        using var loaded = new LoadedGraph("chain");
        using var session = new EdgeSession(loaded.Model);
        Assert.Equal(0, AllocatedBy(session, loaded));
        Assert.True(heard >= Tasks, $"{heard} measurements of {Tasks} tasks");
    }

    [Theory]
    [InlineData(PolicyControllers.Planner)]
    [InlineData(PolicyControllers.Ddpg)]
    [InlineData(PolicyControllers.EdgeML)]
    public void Run_UnderAController_AllocatesNextToNothing(string controller)
    {
        using var loaded = new LoadedGraph("chain");
        ModelManifest manifest = loaded.Manifest;
        var profile = new DeviceProfile
        {
            Device = "made up",
            UnitMs = [.. manifest.Units.Select(_ => 1.0)],
            HeadMs = [.. Enumerable.Repeat(0.1, manifest.SideExits)],
        };
        using var session = new EdgeSession(loaded.Model, new EdgeSessionOptions
        {
            ControllerName = controller,
            Profile = profile,
            Requirements = new Requirements(manifest.Units.Count / 2.0, double.PositiveInfinity),
        });
        // Whoever explores may come upon a new combination of exits and cut late, and the first task under it binds a plan.
        Assert.InRange(AllocatedBy(session, loaded), 0, 8 * Tasks);
        Assert.True(session.Control.Decisions > 1);
    }

    /// <summary>Bytes this thread allocates over the tasks, after twice as many to warm up.</summary>
    static long AllocatedBy(EdgeSession session, LoadedGraph loaded, Action<int>? before = null)
    {
        float[] input = loaded.Input(1);
        var logits = new float[loaded.Manifest.Classes];
        Run();
        Assert.True(loaded.Model.WaitForFusion(s_patience));
        Run();
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        Run();
        return GC.GetAllocatedBytesForCurrentThread() - allocated;

        void Run()
        {
            for (int task = 0; task < Tasks; task++)
            {
                before?.Invoke(task);
                session.Run(input, logits);
            }
        }
    }
}
