using EdgeML.Native.Inference;
using EdgeML.Native.Interop;
using EdgeML.Native.Models;
using EdgeML.Native.Tests.Models;

namespace EdgeML.Native.Tests.Inference;

/// <summary>Packages on the TensorRT backend, with doubles in TensorRT's and the driver's place: what is refused, and what stops.
/// <see cref="TensorRtMatrixTests"/> compares answers.</summary>
public sealed class TensorRtTests
{
    [SkippableFact]
    public void Run_CutWithoutAnEngine_SaysWhichThereAre()
    {
        using var folder = new TemporaryFolder();
        using var loaded = new LoadedGraph(File.ReadAllBytes(TensorRtDoubles.ShippedModel()),
            TensorRtDoubles.Require(11, ChainRoute.Best, folder["engines"]));
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
}
