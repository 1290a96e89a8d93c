using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Imaging;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Inference.Tasks;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Offload.Server;
using EdgeML.Native.Policies;
using EdgeML.Native.Preparation;
using EdgeML.Native.Preparation.Options;
using EdgeML.Native.Telemetry;
using EdgeML.Native.Tests.Inference.Engines;
using EdgeML.Native.Tests.Models;
using EdgeML.Native.Tests.Models.Onnx;
using EdgeML.Server;
using EdgeML.Server.Configuration;

namespace EdgeML.Native.Tests.Inference.Sessions;

/// <summary>Pictures through a session: camera frames, preprocessing on both sides of a cut, and pictures that stay.</summary>
public sealed class PictureSessionTests
{
    const string Metadata = "edgeml.channels=BGR;edgeml.mean=0.4,0.5,0.6;edgeml.std=0.2,0.3,0.4";

    [Theory]
    [InlineData(PixelLayout.Nchw)]
    [InlineData(PixelLayout.Nhwc)]
    public void Run_CameraFrame_IsTheNormalisedPicture(PixelLayout layout)
    {
        using var loaded = new LoadedGraph(Network(layout, Metadata));
        using var session = new EdgeSession(loaded.Model);
        byte[] rgb = Pixels(8, 8);
        float[] expected = new float[192];
        double[] mean = [0.4, 0.5, 0.6], std = [0.2, 0.3, 0.4];
        for (int i = 0; i < 64; i++)
            for (int c = 0; c < 3; c++)
                expected[layout == PixelLayout.Nchw ? (c * 64) + i : (3 * i) + c] = (float)(((rgb[(3 * i) + 2 - c] / 255.0) - mean[c]) / std[c]);
        float[] logits = new float[5];
        session.Run(new ImageFrame(rgb, 8, 8, PixelFormat.Rgb24), logits);
        LoadedGraph.AssertClose(loaded.Reference(expected)[^1], logits, $"{layout}");
    }

    [Fact]
    public void Run_FramesOfAnotherSize_AllocatesNothing()
    {
        using var loaded = new LoadedGraph(Network(PixelLayout.Nchw, Metadata));
        using var session = new EdgeSession(loaded.Model);
        byte[] pixels = Pixels(40, 30);
        float[] logits = new float[5];
        Run();
        Assert.True(loaded.Model.WaitForFusion(TimeSpan.FromSeconds(30)));
        Run();
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        Run();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - allocated);

        void Run()
        {
            for (int i = 0; i < 500; i++) session.Run(new ImageFrame(pixels, 40, 30, PixelFormat.Bgr24), logits);
        }
    }

    [Fact]
    public void Run_FrameForANetworkWithoutPictures_SaysSo()
    {
        var b = new OnnxBuilder(1);
        b.Gemm(b.Relu(b.Gemm(b.Input("x", -1, 24), 24, 8)), 8, 5, "logits");
        b.Output("logits");
        using var loaded = new LoadedGraph(b.Bytes);
        using var session = new EdgeSession(loaded.Model);
        var e = Assert.Throws<ArgumentException>(() => session.Run(new ImageFrame(new byte[3], 1, 1, PixelFormat.Rgb24)));
        Assert.Contains("takes 24, not a picture of 1 to 4 channels", e.Message);
        Assert.Equal(1, session.Run(new float[24]).Exit);
    }

    [Theory]
    [InlineData(PixelLayout.Nchw)]
    [InlineData(PixelLayout.Nhwc)]
    public void Run_CutZeroThroughATail_HasTheBitsOfTheEdge(PixelLayout layout)
    {
        using var loaded = new LoadedGraph(Network(layout, Metadata));
        Assert.True(loaded.Model.WaitForFusion(TimeSpan.FromSeconds(30)));
        using var server = new TailServer(new ModelTailExecutor(loaded.Model), new TailServerOptions());
        using var session = new EdgeSession(loaded.Model, Options(server.EndPoint.Port) with { Policy = loaded.Policy(0f, 0) });
        using var local = new EdgeSession(loaded.Model, new EdgeSessionOptions { Policy = loaded.Policy(0f, 0) });
        byte[] pixels = Pixels(13, 21);
        float[] there = new float[5], here = new float[5];
        for (int i = 0; i < 50; i++)
        {
            Array.Reverse(pixels);
            pixels[i]++;
            TaskResult result = session.Run(new ImageFrame(pixels, 13, 21, PixelFormat.Rgb24), there);
            Assert.True(result.Offloaded);
            Assert.InRange(result.BytesSent, 192, 500);
            local.Run(new ImageFrame(pixels, 13, 21, PixelFormat.Rgb24), here);
            LoadedGraph.AssertClose(here, there, $"frame {i}");
        }
    }

    [Fact]
    public void Tail_OtherPreprocessing_IsRefused()
    {
        byte[] network = Network(PixelLayout.Nchw, "");
        using var folder = new TemporaryFolder();
        string file = folder.Write("same.onnx", network);
        ModelPreparation.Prepare(file, folder["usual"]);
        ModelPreparation.Prepare(file, folder["other"], new PrepareOptions { Mean = [0.5] });
        using BranchedModel usual = BranchedModel.Load(folder["usual"]), other = BranchedModel.Load(folder["other"]);
        Assert.Equal(usual.Manifest.Hash, other.Manifest.Hash);
        using var server = new TailServer(new ModelTailExecutor(other), new TailServerOptions());
        ExitPolicy policy = new(new float[usual.Manifest.SideExits], 0);
        using var refused = new EdgeSession(usual, Options(server.EndPoint.Port) with
        {
            Policy = policy,
            ConnectWait = TimeSpan.FromMilliseconds(300),
        });
        TaskResult result = refused.Run(new byte[192]);
        Assert.True(result.Fallback);
        Assert.False(result.Offloaded);
        using var taken = new EdgeSession(other, Options(server.EndPoint.Port) with { Policy = policy });
        Assert.True(taken.Run(new byte[192]).Offloaded);
    }

    [Fact]
    public void RawInputOff_CutZero_IsRefusedAndNeverSent()
    {
        using var loaded = new LoadedGraph(Network(PixelLayout.Nchw, ""));
        var off = new EdgeSessionOptions { RawInput = false };
        string expected = "cut 0 sends the input itself, and raw input is off";
        var e = Assert.Throws<ArgumentException>(() => new EdgeSession(loaded.Model, off with { Policy = loaded.Policy(0f, 0) }));
        Assert.Contains(expected, e.Message);
        using var server = new TailServer(new ModelTailExecutor(loaded.Model), new TailServerOptions());
        using var session = new EdgeSession(loaded.Model, Options(server.EndPoint.Port) with { RawInput = false });
        Assert.Contains(expected, Assert.Throws<ArgumentException>(() => session.Policy = loaded.Policy(0f, 0)).Message);
        session.Policy = loaded.Policy(0f, 1);
        Assert.True(session.Run(new byte[192]).Offloaded);
        // Whatever a controller of the caller's says.
        using var stubborn = new EdgeSession(loaded.Model, Options(server.EndPoint.Port) with
        {
            RawInput = false,
            CreateController = _ => new FixedController(loaded.Policy(0f, 0)),
        });
        TaskResult kept = stubborn.Run(new byte[192]);
        Assert.False(kept.Offloaded);
        Assert.Equal(FallbackReason.RawInput, kept.FallbackReason);
        Assert.Equal(0, kept.BytesSent);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void RawInput_Controllers_KnowWhetherCutZeroIsOne(bool on)
    {
        using var loaded = new LoadedGraph(Network(PixelLayout.Nchw, ""));
        IReadOnlyList<int> cuts = [];
        using var session = new EdgeSession(loaded.Model, new EdgeSessionOptions
        {
            RawInput = on,
            CreateController = context =>
            {
                cuts = context.Model.Cuts;
                return new FixedController(loaded.Policy(0f, loaded.Manifest.LocalCut));
            },
        });
        Assert.Equal(on, cuts.Contains(0));
        Assert.Contains(loaded.Manifest.LocalCut, cuts);
    }

    static EdgeSessionOptions Options(int port) => new()
    {
        Tail = ModelTail.To(port),
        ConnectWait = TimeSpan.FromSeconds(20),
        DeadlineMs = 20_000,
    };

    static byte[] Pixels(int width, int height)
    {
        byte[] pixels = new byte[3 * width * height];
        new Random(11).NextBytes(pixels);
        return pixels;
    }

    static byte[] Network(PixelLayout layout, string metadata)
    {
        var b = new OnnxBuilder(4);
        string x = layout == PixelLayout.Nchw ? b.Input("image", -1, 3, 8, 8)
            : b.Node("Transpose", [b.Input("image", -1, 8, 8, 3)], null, OnnxBuilder.Ints("perm", 0, 3, 1, 2));
        x = b.MaxPool(b.ConvRelu(x, 3, 8));
        b.Head(x, 8, 5, "exit1");
        x = b.ConvRelu(x, 8, 16);
        b.Head(x, 16, 5, "logits");
        b.Output("exit1", "logits");
        foreach (string[] pair in metadata.Split(';', StringSplitOptions.RemoveEmptyEntries).Select(entry => entry.Split('=', 2)))
            b.Model.MetadataProps.Add(new StringStringEntryProto { Key = pair[0], Value = pair[1] });
        return b.Bytes;
    }
}
