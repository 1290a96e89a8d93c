using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Models.Packages;
using EdgeML.Native.Preparation;
using EdgeML.Native.Preparation.Options;
using EdgeML.Native.Tests.Inference.Sessions;
using EdgeML.Native.Tests.Models.Onnx;
using EdgeML.Native.Tests.Preparation.Graph;
using Google.Protobuf;

namespace EdgeML.Native.Tests.Models.Packages;

public sealed class MalformedTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Prepare_CutOffAnywhere_IsRefusedInOneLineAndLeavesNothing()
    {
        byte[] model = Graphs.All["chain"]().Bytes;
        for (int length = 0; length < model.Length; length += length < 400 ? 1 : 37)
            RefusedOrFine(model.AsSpan(0, length).ToArray(), mustRefuse: true, $"{length} bytes");
    }

    [Fact]
    public void Prepare_FlippedBits_IsRefusedInOneLineOrFine()
    {
        foreach (string name in new[] { "chain", "dynamic-flatten", "half" })
        {
            byte[] model = Graphs.All[name]().Bytes;
            var random = new Random(20);
            for (int round = 0; round < 200; round++)
            {
                byte[] damaged = (byte[])model.Clone();
                for (int flips = random.Next(1, 5); flips > 0; flips--) damaged[random.Next(damaged.Length)] ^= (byte)(1 << random.Next(8));
                RefusedOrFine(damaged, mustRefuse: false, $"{name} seed 20 round {round}");
            }
        }
    }

    [Fact]
    public void Prepare_NoModelAtAll_IsRefused()
    {
        foreach (byte[] bytes in new byte[][] { [], [0], [0xff, 0xff, 0xff], "hello, this is a text"u8.ToArray(), new byte[5000] })
            RefusedOrFine(bytes, mustRefuse: true, $"{bytes.Length} bytes");
    }

    [Theory]
    [InlineData("two-inputs", "input 'b' is float64; float32, float16, bool and integers of up to 32 bits or int64 are supported: export the network with such an input that it casts itself")]
    [InlineData("input-type", "input 'x' is float64; float32, float16, bool and integers of up to 32 bits or int64 are supported: export the network with such an input that it casts itself")]
    [InlineData("batch",
        "input 'x' has a batch of 4, 1 or an open one is needed; export the model with a batch of 1 or with a dynamic batch axis")]
    [InlineData("open-size", "dimension 2 of input 'x' is open ('n'); give the shape, for instance --input-shape 3x224x8")]
    [InlineData("nan", "weight 'w1' holds NaN at element 7 of 15")]
    [InlineData("infinite", "weight 'w1' holds Infinity at element 7 of 15")]
    [InlineData("short-weight", "weight 'w1' holds 56 bytes, its shape 5x3 of float32 needs 60")]
    [InlineData("external", "weight 'w1' lies in 'gone.bin', which is not beside the model")]
    [InlineData("outside", "weight 'w1' lies in '../../etc/passwd', outside the model's folder")]
    [InlineData("cycle", "node 'relu1' (Relu) is part of a cycle, or after one")]
    [InlineData("undefined", "node 'relu1' (Relu) reads 'nowhere', which nothing makes")]
    [InlineData("twice", "two nodes make the tensor 'gemm1_out'")]
    [InlineData(
        "not-classifier", "output 'relu1_out' is float32 1x3x8x8, not the scores of a classifier; choose outputs with --exits and --final "
            + "(edgeml prepare --outputs raw takes other kinds of output as they are)")]
    [InlineData("classes", "output 'logits' tells 4 classes apart, 'exit1' 5; choose outputs with --exits and --final, or take all as they are with --outputs raw")]
    [InlineData("constant", "no output depends on an input")]
    [InlineData("wanted", "no output is named 'nope'; there are logits")]
    [InlineData("all-exits", "all 1 outputs are side exits, none is left to be the final one")]
    public void Prepare_UnusableModel_SaysWhatAndWhere(string fault, string message)
    {
        (byte[] model, PrepareOptions? options) = Faulty(fault);
        string file = _folder.Write("m.onnx", model);

        var e = Assert.Throws<InvalidDataException>(() => ModelPreparation.Prepare(file, _folder["package"], options, new ShapeRunner()));

        Assert.Equal("m.onnx: " + message, e.Message);
        Assert.Equal([file], Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void Open_CutOffFlippedOrMissingFiles_IsRefusedInOneLine()
    {
        ModelPreparation.Prepare(_folder.Write("m.onnx", Graphs.All["residual"]().Bytes), _folder["package"], null, new ShapeRunner());
        using (ModelPackage package = ModelPackage.Open(_folder["package"]))
        {
            package.SaveProfile(new DeviceProfile { Device = "d", UnitMs = [.. package.Manifest.Units.Select(_ => 1.0)], HeadMs = [1.0] });
            package.SaveCalibration(new ExitCalibration(2, [0.25f, 0.5f, 0.75f, 1f], [true, false, true, false], "s", true));
            package.SaveGuarantee(new AccuracyGuarantee
            {
                Model = package.Manifest.Hash,
                MaxLoss = 0.01,
                Confidence = 0.9,
                Labelled = true,
                Limits = [0.5f],
                Tighter = [[0.25f]],
                DiffersAtMost = 0.02,
                Samples = 9,
                Losses = 0,
                Source = "s",
            });
            package.SaveBottlenecks([TestBottlenecks.Make(package.Manifest, 1)]);
        }
        var random = new Random(21);
        foreach (string file in Directory.GetFiles(_folder["package"]))
        {
            string name = Path.GetFileName(file);
            bool optional = name is "device.json" or "calibration.csv";
            byte[] good = File.ReadAllBytes(file);
            for (int length = 0; length < good.Length; length += Math.Max(1, good.Length / 60))
            {
                File.WriteAllBytes(file, good.AsSpan(0, length).ToArray());
                OpensOrRefuses(mustRefuse: !optional, $"{name}, {length} of {good.Length} bytes");
            }
            for (int round = 0; round < 150; round++)
            {
                byte[] damaged = (byte[])good.Clone();
                damaged[random.Next(damaged.Length)] ^= (byte)(1 << random.Next(8));
                File.WriteAllBytes(file, damaged);
                OpensOrRefuses(mustRefuse: name is "graph.onnx" or "weights.bin", $"{name}, seed 21 round {round}");
            }
            File.Delete(file);
            OpensOrRefuses(mustRefuse: !optional && name is not ("promise.json" or "bottlenecks.json"), $"{name} missing");
            File.WriteAllBytes(file, good);
        }
        ModelPackage.Open(_folder["package"]).Dispose();
    }

    [Theory]
    [InlineData("\"format\": 2", "\"format\": 3", "model.json: format 3, its inputs and outputs make it 2")]
    [InlineData("\"format\": 2", "\"format\": 5", "model.json: format 5, this library reads 2..4")]
    [InlineData("\"format\": 2", "\"format\": 1",
        "model.json: format 1, of a version that did not compare a package with its model file; prepare it again: "
        + "edgeml prepare m.onnx --out FOLDER")]
    [InlineData("\"k\": 1,", "\"k\": 3,", "model.json: cut 1 has the index 3")]
    [InlineData("\"afterUnit\": 2", "\"afterUnit\": 9", "model.json: exit 1 follows unit 9 of 6")]
    [InlineData("\"tensor\": \"relu1_out\"", "\"tensor\": \"relu9_out\"", "graph.onnx: 'relu9_out' is no cut after cut 0")]
    [InlineData("\"tensor\": \"relu1_out\"", "\"tensor\": \"conv2_out\"", "graph.onnx: 'conv2_out' is no cut after cut 0")]
    [InlineData("\"classes\": 5", "\"classes\": 6", "graph.onnx: exit 'early' does not put out 6 scores")]
    public void Open_ManifestThatLies_IsRefused(string good, string bad, string message)
    {
        ModelPreparation.Prepare(_folder.Write("m.onnx", Graphs.All["residual"]().Bytes), _folder["package"], null, new ShapeRunner());
        string path = _folder["package/model.json"], text = File.ReadAllText(path);
        int at = text.IndexOf(good, StringComparison.Ordinal);
        Assert.True(at >= 0, text);
        File.WriteAllText(path, text[..at] + bad + text[(at + good.Length)..]);

        Assert.Equal(message, Assert.Throws<InvalidDataException>(() => ModelPackage.Open(_folder["package"])).Message);
    }

    [Fact]
    public void Open_WeightOutsideTheFile_IsRefusedThoughTheDigestFits()
    {
        ModelPreparation.Prepare(_folder.Write("m.onnx", Graphs.All["residual"]().Bytes), _folder["package"], null, new ShapeRunner());
        string path = _folder["package/graph.onnx"];
        byte[] old = File.ReadAllBytes(path);
        ModelProto graph = ModelProto.Parser.ParseFrom(old);
        graph.Graph.Initializer.First(w => w.DataLocation == 1).ExternalData.Single(e => e.Key == "offset").Value = "9223372036854775744";
        byte[] changed = graph.ToByteArray();
        File.WriteAllBytes(path, changed);
        string json = File.ReadAllText(_folder["package/model.json"]).Replace(Digest(old), Digest(changed))
            .Replace($"\"bytes\": {old.Length},", $"\"bytes\": {changed.Length},");
        File.WriteAllText(_folder["package/model.json"], json);

        Assert.Contains(
            "is bytes 9223372036854775744+", Assert.Throws<InvalidDataException>(() => ModelPackage.Open(_folder["package"])).Message);
    }

    static string Digest(byte[] bytes) => Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes));

    void OpensOrRefuses(bool mustRefuse, string what)
    {
        try
        {
            ModelPackage.Open(_folder["package"]).Dispose();
            Assert.False(mustRefuse, $"opened with {what}");
        }
        catch (InvalidDataException e)
        {
            Assert.DoesNotContain('\n', e.Message);
        }
    }

    void RefusedOrFine(byte[] model, bool mustRefuse, string what)
    {
        string file = _folder.Write("m.onnx", model);
        try
        {
            ModelPreparation.Prepare(file, _folder["package"], null, new ShapeRunner());
            Assert.False(mustRefuse, $"accepted {what}");
            Directory.Delete(_folder["package"], recursive: true);
        }
        catch (InvalidDataException e)
        {
            Assert.DoesNotContain('\n', e.Message);
            Assert.StartsWith("m.onnx: ", e.Message);
        }
        Assert.Equal([file], Directory.GetFileSystemEntries(_folder.Path));
    }

    static (byte[] Model, PrepareOptions? Options) Faulty(string fault)
    {
        var b = new OnnxBuilder();
        if (fault == "two-inputs")
        {
            b.Head(b.Node("Add", [b.Input("a", 1, 3, 8, 8), b.Input("b", 1, 3, 8, 8)]), 3, 5, "logits");
            b.Graph.Input[1].Type.TensorType.ElemType = ElementType.Double;
            b.Output("logits");
            return (b.Bytes, null);
        }
        long batch = fault == "batch" ? 4 : 1, size = fault == "open-size" ? -1 : 8;
        string x = b.Relu(b.Input("x", batch, 3, size, 8));
        b.Head(x, 3, 5, fault == "classes" ? "exit1" : fault == "twice" ? "gemm1_out" : "logits");
        switch (fault)
        {
            case "input-type": b.Graph.Input[0].Type.TensorType.ElemType = ElementType.Double; break;
            case "nan" or "infinite":
                byte[] raw = b.Graph.Initializer[0].RawData.ToByteArray();
                BitConverter.TryWriteBytes(raw.AsSpan(28), fault == "nan" ? float.NaN : float.PositiveInfinity);
                b.Graph.Initializer[0].RawData = ByteString.CopyFrom(raw);
                break;
            case "short-weight": b.Graph.Initializer[0].RawData = ByteString.CopyFrom(b.Graph.Initializer[0].RawData.Span[..56]); break;
            case "external" or "outside":
                b.Graph.Initializer[0].DataLocation = 1;
                b.Graph.Initializer[0].ExternalData
                    .Add(new StringStringEntryProto { Key = "location", Value = fault == "external" ? "gone.bin" : "../../etc/passwd" });
                break;
            case "cycle": b.Graph.Node[0].Input[0] = b.Graph.Node[1].Output[0]; break;
            case "undefined": b.Graph.Node[0].Input[0] = "nowhere"; break;
            case "twice": b.Node("Relu", [x], "gemm1_out"); b.Output("gemm1_out"); return (b.Bytes, null);
            case "not-classifier": b.Output("relu1_out"); break;
            case "classes": b.Head(b.Relu(x), 3, 4, "logits"); b.Output("exit1", "logits"); return (b.Bytes, null);
            case "constant": b.Graph.Node[0].Input[0] = b.Weight(1, 1, 3, 8, 8); break;
        }
        b.Output("logits");
        return (b.Bytes, fault switch
        {
            "not-classifier" => new PrepareOptions { Outputs = OutputKind.Classes },
            "wanted" => new PrepareOptions { Final = "nope" },
            "all-exits" => new PrepareOptions { Exits = ["logits"] },
            _ => null,
        });
    }
}
