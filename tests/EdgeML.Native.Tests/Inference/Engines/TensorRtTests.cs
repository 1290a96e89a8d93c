using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Inference.Tasks;
using EdgeML.Native.Interop;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Offload.Client;
using EdgeML.Native.Offload.Server;
using EdgeML.Native.Policies;
using EdgeML.Native.Tests.Inference.Sessions;
using EdgeML.Native.Tests.Models;
using EdgeML.Server;
using EdgeML.Server.Configuration;

namespace EdgeML.Native.Tests.Inference.Engines;

/// <summary>Packages on the TensorRT backend, with doubles in TensorRT's and the driver's place: what is refused, and what stops.
/// <see cref="TensorRtMatrixTests"/> compares answers.</summary>
[Collection(nameof(TensorRtDoubles))]
public sealed class TensorRtTests
{
    [Fact]
    public void Run_CutWithoutAnEngine_SaysWhichThereAre()
    {
        using var folder = new TemporaryFolder();
        using var loaded = new LoadedGraph(File.ReadAllBytes(TensorRtDoubles.ShippedModel()),
            TensorRtDoubles.RequireAny(ChainRoute.Best, folder["engines"]));
        int cut = Enumerable.Range(0, loaded.Manifest.LocalCut).First(k => loaded.Model.EngineUnits.All(range => range.Last != k) && k > 0);
        using var slot = new InferenceSlot(loaded.Model);
        slot.Load(loaded.Input(1));
        var error = Assert.Throws<ArgumentException>(() => slot.Run(0, cut, new float[loaded.Manifest.SideExits]));
        Assert.Contains($"cut {cut} ", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ChainRoute.Device)]
    [InlineData(ChainRoute.Stages)]
    [InlineData(ChainRoute.Streams)]
    public void Run_EveryCandidateCut_TailAnswersFromTheDevicesTensorAndTasksAllocateNothing(ChainRoute route)
    {
        using var folder = new TemporaryFolder();
        using var device = new LoadedGraph(File.ReadAllBytes(TensorRtDoubles.ShippedModel()),
            TensorRtDoubles.RequireAny(route, folder["engines"]));
        using var host = BranchedModel.Load(device.Folder);
        using var server = new TailServer(new ModelTailExecutor(host), new TailServerOptions());
        using var session = new EdgeSession(device.Model, new EdgeSessionOptions
        {
            Tail = new TailClientOptions { Host = server.EndPoint.Address.ToString(), Port = server.EndPoint.Port },
            ConnectWait = TimeSpan.FromSeconds(20),
            DeadlineMs = 20_000,
        });
        float[] input = device.Input(3);
        float[] expected = device.Reference(input)[^1];
        var logits = new float[device.Manifest.Classes];
        ExitPolicy[] policies = [.. device.Manifest.Cuts.Where(cut => cut.Candidate && cut.K < device.Manifest.LocalCut)
            .Select(cut => device.Policy(0f, cut.K))];
        long allocated = 0;
        foreach (bool warm in new[] { false, true })
            foreach (ExitPolicy policy in policies)
            {
                session.Policy = policy;
                long before = GC.GetAllocatedBytesForCurrentThread();
                TaskResult result = session.Run(input, logits);
                if (warm) allocated += GC.GetAllocatedBytesForCurrentThread() - before;
                Assert.True(result.Offloaded && !result.Fallback, $"cut {policy.Cut} was not offloaded");
                LoadedGraph.AssertClose(expected, logits, $"cut {policy.Cut} on route {route} through a tail");
            }
        Assert.Equal(0, allocated);
    }

    [Theory]
    [InlineData(ChainRoute.Device)]
    [InlineData(ChainRoute.Stages)]
    [InlineData(ChainRoute.Streams)]
    public void Run_EveryExitStandingByAtEveryCut_AnswersWithThatExitsLogitsAndTasksAllocateNothing(ChainRoute route)
    {
        using var folder = new TemporaryFolder();
        using var device = new LoadedGraph(File.ReadAllBytes(TensorRtDoubles.ShippedModel()),
            TensorRtDoubles.RequireAny(route, folder["engines"]));
        using var session = new EdgeSession(device.Model, new EdgeSessionOptions
        {
            Tail = ModelTail.To(ModelTail.Nowhere(device.Model)),
            ConnectWait = TimeSpan.Zero,
        });
        float[] input = device.Input(4);
        float[][] expected = device.Reference(input);
        var logits = new float[device.Manifest.Classes];
        var policies = new List<ExitPolicy>();
        foreach (CutInfo cut in device.Manifest.Cuts.Where(cut => cut.Candidate && cut.K < device.Manifest.LocalCut))
            for (int exit = 1; exit <= device.Manifest.SideExits; exit++)
            {
                // In front of the cut all are tried on the way, and all keep what they said.
                bool isInFront = device.Manifest.Exits[exit - 1].AfterUnit <= cut.K;
                policies.Add(device.Policy(isInFront ? 1e-30f : 0f, cut.K).WithStandby(exit));
            }
        long allocated = 0;
        foreach (bool warm in new[] { false, true })
            foreach (ExitPolicy policy in policies)
            {
                session.Policy = policy;
                long before = GC.GetAllocatedBytesForCurrentThread();
                TaskResult result = session.Run(input, logits);
                if (warm) allocated += GC.GetAllocatedBytesForCurrentThread() - before;
                Assert.Equal((policy.Standby, true), (result.Exit, result.Standby));
                LoadedGraph.AssertClose(expected[policy.Standby - 1], logits, $"{policy} on route {route}");
            }
        Assert.Equal(0, allocated);
    }

    [Fact]
    public void Load_Cancelled_EndsTheBuildAndLeavesNoPlan()
    {
        using var folder = new TemporaryFolder();
        BackendOptions options = TensorRtDoubles.RequireAny(ChainRoute.Best, folder["engines"]);
        using var stop = new CancellationTokenSource();
        options = options with
        {
            Cancellation = stop.Token,
            Progress = progress =>
            {
                if (progress.Done > 0.3) stop.Cancel();
            },
        };
        Assert.Throws<OperationCanceledException>(() => new LoadedGraph("chain", options).Dispose());
        Assert.Empty(Directory.Exists(folder["engines"]) ? Directory.GetFiles(folder["engines"], "*.plan") : []);
    }

    [Fact]
    public void Load_WithoutNvidiaSoftware_NamesThePlaceInOneLine()
    {
        var options = new BackendOptions { Kind = BackendKind.TensorRt, LibraryPath = "/nonexistent/tensorrt" };
        var error = Assert.Throws<NativeException>(() => new LoadedGraph("chain", options).Dispose());
        Assert.Equal(NativeStatus.BackendMissing, error.Status);
        Assert.Contains("/nonexistent/tensorrt", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }
}
