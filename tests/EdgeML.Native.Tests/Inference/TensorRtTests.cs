using EdgeML.Native.Inference;
using EdgeML.Native.Interop;
using EdgeML.Native.Models;
using EdgeML.Native.Tests.Models;

namespace EdgeML.Native.Tests.Inference;

/// <summary>Packages on the TensorRT backend, with doubles in TensorRT's and the driver's place that compute with ONNX Runtime: for the
/// same segments the bits are the CPU backend's.</summary>
public sealed class TensorRtTests
{
    const int Tasks = 300;

    static readonly ChainRoute[] s_routes = [ChainRoute.Device, ChainRoute.Stages, ChainRoute.Streams];

    [SkippableTheory]
    [InlineData(10)]
    [InlineData(11)]
    public void Run_ShippedModelEveryCandidateCut_IsTheCpusOnEveryRoute(int major) =>
        Compare(File.ReadAllBytes(ShippedModel()), major, inputs: 3, [float.Epsilon, 0.3f, 0.9f]);

    [SkippableTheory]
    [InlineData(10)]
    [InlineData(11)]
    public void Run_Vgg16EveryCandidateCut_IsTheCpusOnEveryRoute(int major) =>
        Compare(File.ReadAllBytes(SharedData.Require("models/vgg16-cifar10-branched.onnx")), major, inputs: 1, [float.Epsilon, 0.9f]);

    [SkippableTheory]
    [InlineData(ChainRoute.Device)]
    [InlineData(ChainRoute.Stages)]
    [InlineData(ChainRoute.Streams)]
    public void Run_OnADevice_AllocatesNothing(ChainRoute route)
    {
        using var folder = new TemporaryFolder();
        using var loaded = new LoadedGraph("chain", TensorRtDoubles.Require(10, route, folder["engines"]));
        using var session = new EdgeSession(loaded.Model, new EdgeSessionOptions { Policy = loaded.Policy(0.5f, loaded.Manifest.LocalCut) });
        float[] input = loaded.Input(1);
        var logits = new float[loaded.Manifest.Classes];
        for (int task = 0; task < Tasks; task++) session.Run(input, logits);
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        for (int task = 0; task < Tasks; task++) session.Run(input, logits);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - allocated);
    }

    [SkippableFact]
    public void Run_CutWithoutAnEngine_SaysWhichThereAre()
    {
        using var folder = new TemporaryFolder();
        using var loaded = new LoadedGraph(File.ReadAllBytes(ShippedModel()), TensorRtDoubles.Require(11, ChainRoute.Best, folder["engines"]));
        int cut = Enumerable.Range(0, loaded.Manifest.LocalCut).First(k => loaded.Model.EngineUnits.All(piece => piece.Last != k) && k > 0);
        using var lane = new Lane(loaded.Model);
        lane.Load(loaded.Input(1));
        var error = Assert.Throws<ArgumentException>(() => lane.Run(0, cut, new float[loaded.Manifest.SideExits]));
        Assert.Contains($"cut {cut} ", error.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void Load_Cancelled_EndsTheBuildAndLeavesNoPlan()
    {
        using var folder = new TemporaryFolder();
        BackendOptions options = TensorRtDoubles.Require(10, ChainRoute.Best, folder["engines"]);
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

    static void Compare(byte[] onnx, int major, int inputs, float[] thresholds)
    {
        using var folder = new TemporaryFolder();
        using var same = new LoadedGraph(onnx, new BackendOptions { Fuse = false, Stretches = true });
        using var units = BranchedModel.Load(same.Folder, new BackendOptions { Fuse = false });
        foreach (ChainRoute route in s_routes)
        {
            using var device = BranchedModel.Load(same.Folder, TensorRtDoubles.Require(major, route, folder["engines"]));
            Assert.Equal(same.Model.EngineUnits, device.EngineUnits);
            for (int seed = 1; seed <= inputs; seed++)
            {
                foreach (float threshold in thresholds)
                {
                    foreach (CutInfo cut in same.Manifest.Cuts)
                    {
                        if (!cut.Candidate && cut.K != same.Manifest.LocalCut) continue;
                        string what = $"TensorRT {major}, route {route}, input {seed}, threshold {threshold}, cut {cut.K}";
                        Answer answer = Ask(device, same, seed, threshold, cut.K, (uint)route, what);
                        Answer expected = Ask(same.Model, same, seed, threshold, cut.K, 0, what);
                        Assert.True(expected.AtCut.AsSpan().SequenceEqual(answer.AtCut), $"{what}: the cut tensor differs");
                        Assert.True(expected.Logits.AsSpan().SequenceEqual(answer.Logits), $"{what}: the logits differ");
                        Assert.Equal((expected.Exit, expected.Class), (answer.Exit, answer.Class));
                        Assert.True(Math.Abs(expected.Entropy - answer.Entropy) <= 1e-5f, $"{what}: entropy {answer.Entropy}, CPU {expected.Entropy}");
                        float[] byUnits = Ask(units, same, seed, threshold, cut.K, 0, what).Logits;
                        for (int i = 0; i < byUnits.Length; i++)
                            Assert.True(Math.Abs(byUnits[i] - answer.Logits[i]) <= 1e-5f * Math.Max(1, Math.Abs(byUnits[i])), $"{what}: logit {i}");
                    }
                }
            }
        }
    }

    // Up to the cut, then from there on in another run, as a tail or a fallback would.
    static Answer Ask(BranchedModel model, LoadedGraph graph, int seed, float threshold, int cut, uint route, string what)
    {
        using var lane = new Lane(model);
        lane.Load(graph.Input(seed));
        var thresholds = new float[model.Manifest.SideExits];
        Array.Fill(thresholds, threshold);
        float[] atCut = [];
        if (cut == 0 || !lane.Run(0, cut, thresholds))
        {
            atCut = lane.Workspace.Boundary(cut).Floats.ToArray();
            if (cut > 0) Assert.True(lane.Result.Route == route, $"{what}: ran on route {lane.Result.Route}");
            lane.Run(cut, model.Manifest.LocalCut, thresholds);
        }
        Assert.True(lane.Result.Route == route, $"{what}: ran on route {lane.Result.Route}");
        var logits = new float[model.Manifest.Classes];
        lane.CopyLogits(logits);
        return new Answer(atCut, logits, (int)lane.Result.ExitIndex, lane.Result.Label, lane.Result.Entropy);
    }

    static string ShippedModel()
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
            if (File.Exists(Path.Combine(at.FullName, "EdgeML.Native.sln"))) return Path.Combine(at.FullName, "models", "shapes-vgg.onnx");
        Skip.If(true, "no source tree around the tests");
        return "";
    }

    sealed record Answer(float[] AtCut, float[] Logits, int Exit, int Class, float Entropy);
}
