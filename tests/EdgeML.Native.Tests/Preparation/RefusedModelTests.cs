using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Preparation;
using EdgeML.Native.Preparation.Graph;
using EdgeML.Native.Preparation.Options;
using EdgeML.Native.Tests.Models;
using EdgeML.Native.Tests.Models.Onnx;
using Google.Protobuf;

namespace EdgeML.Native.Tests.Preparation;

/// <summary>Files and networks that cannot be used are refused with the reason and what to do.</summary>
public sealed class RefusedModelTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string, string, byte[]> OtherFiles => new()
    {
        { "m.onnx", "the file is empty", [] },
        { "m.onnx", "a Git LFS pointer to 1234 bytes, not the file itself; run 'git lfs pull'",
            "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1234\n"u8.ToArray() },
        { "m.onnx", "in ONNX Runtime's own format (.ort)", [0x34, 0, 0, 0, .. "ORTM"u8, .. new byte[64]] },
        { "m.onnx", "a TensorFlow Lite model", [0x1c, 0, 0, 0, .. "TFL3"u8, .. new byte[64]] },
        { "m.pt", "a PyTorch file, not an ONNX file; export the network with torch.onnx.export", [.. "PK"u8, 3, 4, .. new byte[64]] },
        { "m.bin", "a PyTorch file", [.. "PK"u8, 3, 4, .. new byte[26], .. "archive/data.pkl"u8] },
        { "m.onnx", "a zip archive", [.. "PK"u8, 3, 4, .. new byte[64]] },
        { "m.pkl", "a Python pickle", [0x80, 4, 0x95, .. new byte[64]] },
        { "m.h5", "an HDF5 file", [0x89, .. "HDF\r\n"u8, 0x1a, 0x0a, .. new byte[64]] },
        { "m.onnx", "an HTML page", "\n<!DOCTYPE html><html><body>Not found</body></html>"u8.ToArray() },
        { "m.xml", "an XML file (an OpenVINO model?)", "<?xml version=\"1.0\"?><net name=\"n\">"u8.ToArray() },
        { "m.json", "JSON, not an ONNX file", "{\"error\": \"not found\"}"u8.ToArray() },
        { "m.onnx", "a compressed file", [0x1f, 0x8b, 8, .. new byte[64]] },
        { "m.gguf", "a GGUF model", [.. "GGUF"u8, .. new byte[64]] },
        { "m.safetensors", "a safetensors file", [20, 0, 0, 0, 0, 0, 0, 0, .. "{\"w\":{}}"u8, .. new byte[64]] },
        { "m.onnx", "an ONNX model as text", "ir_version: 8\ngraph {\n}\n"u8.ToArray() },
        { "m.onnx", "not an ONNX file but a text", "please ask for access to this model first"u8.ToArray() },
    };

    [Theory]
    [MemberData(nameof(OtherFiles))]
    public void Prepare_AnotherKindOfFile_IsNamed(string name, string message, byte[] bytes)
    {
        string file = _folder.Write(name, bytes);
        string refused = Assert.Throws<InvalidDataException>(() => ModelPreparation.Prepare(file, _folder["p"], null, new NoEngine())).Message;
        Assert.StartsWith(name + ": ", refused);
        Assert.Contains(message, refused);
    }

    [Fact]
    public void Prepare_AFolder_SaysWhatToName()
    {
        Directory.CreateDirectory(_folder["saved"]);
        File.WriteAllText(_folder["saved/saved_model.pb"], "");
        Directory.CreateDirectory(_folder["net"]);
        File.WriteAllText(_folder["net/model.onnx"], "");
        string Refused(string path) =>
            Assert.Throws<InvalidDataException>(() => ModelPreparation.Prepare(_folder[path], _folder["p"], null, new NoEngine())).Message;

        Assert.Contains("a TensorFlow SavedModel", Refused("saved"));
        Assert.Contains("name a file in it, for instance model.onnx", Refused("net"));
    }

    /// <summary>The weights are missing: they would have been asked for before any engine.</summary>
    [Theory]
    [InlineData("detector", "output 'logits' is float32 1x84x8400, not the scores of a classifier")]
    [InlineData("suppression", "output 'logits' is the result of NonMaxSuppression, a detector's")]
    [InlineData("inputs", "dimension 2 of input 'size' is open; give the shape, for instance --input-shape size=1x64x1")]
    [InlineData("doubles", "input 'image' is float64; float32, float16, bool and integers of up to 32 bits or int64 are supported")]
    [InlineData("label", "output 'logits' is int64, not the scores of a classifier")]
    [InlineData("classes", "output 'features' tells 8 classes apart, 'logits' 5; choose outputs with --exits and --final")]
    public void Prepare_UnsuitableByItsGraph_IsRefusedBeforeAnyWeightIsRead(string kind, string message)
    {
        var b = new OnnxBuilder(5);
        string x = b.ConvRelu(b.Input("image", -1, 3, 8, 8), 3, 8);
        b.Graph.Initializer[0].ClearRawData();
        b.Graph.Initializer[0].DataLocation = 1;
        b.Graph.Initializer[0].ExternalData.Add(new StringStringEntryProto { Key = "location", Value = "gone.data" });
        switch (kind)
        {
            case "inputs": x = b.Node("Mul", [x, b.Input("size", 1, 1, -1, 1)]); break;
            case "doubles": b.Graph.Input[0].Type.TensorType.ElemType = ElementType.Double; break;
            case "suppression": x = b.Node("NonMaxSuppression", [x, x]); break;
        }
        b.Head(x, 8, 5, "logits");
        b.Graph.Output.Add(kind switch
        {
            "detector" => OnnxBuilder.Value("logits", ElementType.Float, [-1, 84, 8400]),
            "label" => OnnxBuilder.Value("logits", ElementType.Int64, [-1]),
            "classes" => OnnxBuilder.Value("logits", ElementType.Float, [-1, 5]),
            _ => new ValueInfoProto { Name = "logits" },
        });
        if (kind == "classes")
        {
            b.Node("Flatten", [b.Gap(x)], "features");
            b.Graph.Output.Add(OnnxBuilder.Value("features", ElementType.Float, [-1, 8]));
        }
        string file = _folder.Write("m.onnx", b.Bytes);

        var options = new PrepareOptions { Outputs = OutputKind.Classes };
        string refused = Assert.Throws<InvalidDataException>(() => ModelPreparation.Prepare(file, _folder["p"], options, new NoEngine())).Message;
        Assert.Contains(message, refused);
    }

    [Theory]
    [InlineData(60, 8, "opset 60 is newer than the engine reads, ")]
    [InlineData(17, 60, "ONNX's IR version 60 is newer than the engine reads, ")]
    public void Prepare_NewerThanTheEngine_SaysBothNumbers(long opset, long ir, string message)
    {
        ModelProto model = Graphs.All["residual"]().Model;
        model.OpsetImport[0].Version = opset;
        model.IrVersion = ir;
        string file = _folder.Write("m.onnx", model.ToByteArray());

        string refused = Assert.Throws<InvalidDataException>(() => ModelPreparation.Prepare(file, _folder["p"])).Message;
        Assert.Matches(message + "[0-9]{1,2};", refused);
    }

    [Theory]
    [InlineData("ceil", "(MaxPool) rounds its size up (ceil_mode), which operator sets before 22 do unlike PyTorch; export with opset 22")]
    [InlineData("batch", "(Reshape) fixes a batch of 8, one input at a time is run; export the model with a batch of 1")]
    public void Prepare_EngineRefuses_SaysHowToExport(string kind, string advice)
    {
        var b = new OnnxBuilder(6);
        string x = b.ConvRelu(b.Input("x", -1, 3, 5, 5), 3, 8);
        if (kind == "ceil")
        {
            x = b.Node("MaxPool", [x], null, OnnxBuilder.Ints("kernel_shape", 3, 3), OnnxBuilder.Ints("strides", 3, 3),
                OnnxBuilder.Ints("pads", 1, 1, 1, 1), OnnxBuilder.Int("ceil_mode", 1));
            b.Gemm(b.Flatten(x), 8 * 2 * 2, 5, "logits");
        }
        else
        {
            b.Gemm(b.Node("Reshape", [b.Gap(x), b.Integers(8, -1)]), 8, 5, "logits");
        }
        b.Output("logits");
        string file = _folder.Write("m.onnx", b.Bytes);

        Assert.EndsWith(advice, Assert.Throws<InvalidDataException>(() => ModelPreparation.Prepare(file, _folder["p"])).Message
            .Replace(" or with a dynamic batch axis", ""));
    }

    [Fact]
    public void EngineReason_LongText_KeepsItsEnd()
    {
        string reason = MessageText.EngineReason($"{new string('x', 900)} at /some/where/in/the/engine.cc:12\nthe dimensions 3 and 4 differ");
        Assert.EndsWith("the dimensions 3 and 4 differ", reason);
        Assert.StartsWith("...", reason);
        Assert.InRange(reason.Length, 30, 300);
    }
}
