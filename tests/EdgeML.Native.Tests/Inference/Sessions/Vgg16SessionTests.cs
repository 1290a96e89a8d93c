using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Offload.Client;
using EdgeML.Native.Offload.Server;
using EdgeML.Native.Tests.Inference.Engines;
using EdgeML.Native.Tests.Models;
using EdgeML.Server;
using EdgeML.Server.Configuration;

namespace EdgeML.Native.Tests.Inference.Sessions;

/// <summary>The trained network on real pictures: every cut, in process and through a tail, gives what one session over the whole model
/// gives.</summary>
public sealed class Vgg16SessionTests
{
    const int Pictures = 8;
    const int RecordBytes = 1 + 3072;

    [Fact]
    public void Run_EveryCutHereAndThroughATail_GivesTheWholeModelsLogits()
    {
        using var loaded = new LoadedGraph(File.ReadAllBytes(SharedData.Require("models/vgg16-cifar10-branched.onnx")));
        byte[][] pictures = ReadPictures();
        float[][] expected = [.. pictures.Select(picture => loaded.Reference(Tensor(loaded, picture))[^1])];
        using var server = new TailServer(new ModelTailExecutor(loaded.Model), new TailServerOptions());
        using var here = new EdgeSession(loaded.Model);
        using var remote = new EdgeSession(loaded.Model, new EdgeSessionOptions
        {
            Tail = new TailClientOptions { Host = "127.0.0.1", Port = server.EndPoint.Port },
            ConnectWait = TimeSpan.FromSeconds(30),
            DeadlineMs = 30_000,
        });
        var logits = new float[loaded.Manifest.Classes];
        for (int cut = 0; cut <= loaded.Manifest.LocalCut; cut++)
        {
            here.Policy = remote.Policy = loaded.Policy(0f, cut);
            for (int i = 0; i < Pictures; i++)
            {
                here.Run(pictures[i], logits);
                LoadedGraph.AssertClose(expected[i], logits, $"picture {i}, cut {cut}, here");
                Assert.Equal(cut < loaded.Manifest.LocalCut, remote.Run(pictures[i], logits).Offloaded);
                LoadedGraph.AssertClose(expected[i], logits, $"picture {i}, cut {cut}, through a tail");
            }
        }
    }

    [Fact]
    public void Run_ThresholdsOne_GiveTheFirstExit()
    {
        using var loaded = new LoadedGraph(File.ReadAllBytes(SharedData.Require("models/vgg16-cifar10-branched.onnx")));
        using var session = new EdgeSession(loaded.Model, new EdgeSessionOptions { Policy = loaded.Policy(1f, loaded.Manifest.LocalCut) });
        var logits = new float[loaded.Manifest.Classes];
        foreach (byte[] picture in ReadPictures())
        {
            Assert.Equal(1, session.Run(picture, logits).Exit);
            LoadedGraph.AssertClose(loaded.Reference(Tensor(loaded, picture))[0], logits, "exit 1");
        }
    }

    static float[] Tensor(LoadedGraph loaded, byte[] picture) => [.. picture.Select(b => b * (float)loaded.Manifest.Input.ByteScale)];

    static byte[][] ReadPictures()
    {
        using var file = File.OpenRead(SharedData.Require("data/cifar10/test_batch_a.bin"));
        var records = new byte[Pictures * RecordBytes];
        file.ReadExactly(records);
        return [.. Enumerable.Range(0, Pictures).Select(i => records[((i * RecordBytes) + 1)..((i + 1) * RecordBytes)])];
    }
}
