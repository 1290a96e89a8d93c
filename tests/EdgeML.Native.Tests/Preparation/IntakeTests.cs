using System.Globalization;
using System.Runtime.InteropServices;
using EdgeML.Native.Interop;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Models.Packages;
using EdgeML.Native.Preparation;
using EdgeML.Native.Preparation.Graph;
using EdgeML.Native.Preparation.Options;
using EdgeML.Native.Tests.Models;
using EdgeML.Native.Tests.Models.Onnx;
using EdgeML.Native.Tests.Models.Packages;
using Google.Protobuf;

namespace EdgeML.Native.Tests.Preparation;

/// <summary>Valid models are accepted in every form that exporters write, and others are refused with the reason and what to do.</summary>
public sealed class IntakeTests : IDisposable
{
    readonly TemporaryFolder _folder = new();
    readonly NativeRuns _runs = new();

    public void Dispose()
    {
        _runs.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("mask")]
    [InlineData("empty-constant")]
    [InlineData("empty-activation")]
    [InlineData("empty-optional-input")]
    [InlineData("nhwc")]
    [InlineData("one-channel")]
    [InlineData("two-channels")]
    [InlineData("four-channels")]
    [InlineData("row")]
    [InlineData("series")]
    [InlineData("volume")]
    public void Prepare_ValidModel_AnswersAsTheFile(string kind)
    {
        byte[] file = Valid(kind).Bytes;
        AnswersAs(file, _folder.Write("m.onnx", file));
    }

    [Theory]
    [InlineData("initializer")]
    [InlineData("constant")]
    [InlineData("branch")]
    [InlineData("constant-in-branch")]
    [InlineData("function")]
    public void Prepare_ExternalData_IsReadWhereverItIs(string place)
    {
        ModelProto model = WithBranches(place == "function");
        byte[] file = model.ToByteArray();
        if (place == "function") Externalise(model.Functions.SelectMany(f => f.Node).Single(n => n.OpType == "Constant").Attribute[0].T);
        foreach (TensorProto tensor in Tensors(model.Graph, place)) Externalise(tensor);
        AnswersAs(file, _folder.Write("m.onnx", model.ToByteArray()));
    }

    [Fact]
    public void Prepare_ExternalDataChangedInABranch_GivesAnotherHash()
    {
        ModelProto model = WithBranches(false);
        foreach (TensorProto tensor in Tensors(model.Graph, "branch")) Externalise(tensor);
        string file = _folder.Write("m.onnx", model.ToByteArray());
        string before = ModelPreparation.Prepare(file, _folder["p"]).Manifest.Hash;
        byte[] data = File.ReadAllBytes(_folder["w.data"]);
        data[10] ^= 1;
        File.WriteAllBytes(_folder["w.data"], data);

        Assert.NotEqual(before, ModelPreparation.Prepare(file, _folder["q"]).Manifest.Hash);
    }

    [Theory]
    [InlineData(null, null, "logits", "label,map,wide")]
    [InlineData(null, "logits", "logits", "label,map,wide")]
    public void Prepare_LabelAndMapBesideTheScores_AreLeftOut(string? exits, string? final, string expected, string left)
    {
        OnnxBuilder b = Valid("one-channel");
        b.Graph.Output.Clear();
        b.Node("ArgMax", ["logits"], "label", OnnxBuilder.Int("axis", 1));
        b.Graph.Output.Add(OnnxBuilder.Value("label", ElementType.Int64, [1, 1]));
        b.Node("SequenceConstruct", ["logits"], "map");
        b.Graph.Output.Add(new ValueInfoProto { Name = "map", Type = new TypeProto { SequenceType = ByteString.Empty } });
        b.Node("Cast", ["logits"], "wide", OnnxBuilder.Int("to", ElementType.Int32));
        b.Output("logits", "wide");
        var options = new PrepareOptions { Exits = exits?.Split(','), Final = final };
        PreparedModel prepared = ModelPreparation.Prepare(_folder.Write("m.onnx", b.Bytes), _folder["p"], options);

        Assert.Equal(expected, string.Join(' ', prepared.Manifest.Exits.Select(e => e.Name)));
        Assert.Equal(left.Split(','), prepared.Notes.Select(n => n.Split('\'')[1]).Order());
    }

    [Fact]
    public void Prepare_FeaturesBesideTheScores_FinalAloneIsEnough()
    {
        OnnxBuilder b = Valid("one-channel");
        string features = b.Graph.Node.First(n => n.OpType == "Flatten").Output[0];
        b.Output(features);
        string file = _folder.Write("m.onnx", b.Bytes);
        string refused = Assert.Throws<InvalidDataException>(() => ModelPreparation.Prepare(file, _folder["p"])).Message;
        PreparedModel prepared = ModelPreparation.Prepare(file, _folder["p"], new PrepareOptions { Final = "logits" });

        Assert.Contains("choose outputs with --exits and --final", refused);
        Assert.Equal("logits", Assert.Single(prepared.Manifest.Exits).Name);
        Assert.Contains($"output '{features}' left out, it has 8 values", Assert.Single(prepared.Notes));
    }

    [Fact]
    public void Prepare_FinalAlone_KeepsProperSideExits()
    {
        PreparedModel prepared =
            ModelPreparation.Prepare(
                _folder.Write("m.onnx", Graphs.All["chain"]().Bytes), _folder["p"], new PrepareOptions { Final = "logits" });

        Assert.Equal(["exit1", "exit2", "logits"], prepared.Manifest.Exits.Select(e => e.Name));
        Assert.Empty(prepared.Notes);
    }

    [Theory]
    [InlineData("a,b")]
    [InlineData("a|b")]
    public void Prepare_NameWithComma_IsFoundWholeOrInParts(string given)
    {
        OnnxBuilder b = Graphs.All["residual"]();
        b.Node("Identity", ["early"], "a,b");
        b.Graph.Output.Clear();
        b.Output("a,b", "late");
        var options = new PrepareOptions { Exits = given.Split('|') };

        Assert.Equal(["a,b", "late"], ModelPreparation.Prepare(_folder.Write("m.onnx", b.Bytes), _folder["p"], options).Manifest.Exits
            .Select(e => e.Name));
    }

    [Fact]
    public void Prepare_ZipMap_IsLookedThroughAndNamesTheClasses()
    {
        var b = new OnnxBuilder(3);
        b.Model.OpsetImport.Add(new OperatorSetIdProto { Domain = "ai.onnx.ml", Version = 1 });
        string p = b.Node("Softmax", [b.Gemm(b.Relu(b.Gemm(b.Input("x", -1, 6), 6, 8)), 8, 3)]);
        b.Node("ZipMap", [p], "probabilities", new AttributeProto
        {
            Name = "classlabels_strings",
            Type = 8,
            Strings = { ByteString.CopyFromUtf8("cat"), ByteString.CopyFromUtf8("dog"), ByteString.CopyFromUtf8("owl") },
        });
        b.Graph.Node[^1].Domain = "ai.onnx.ml";
        b.Output("probabilities");
        ModelManifest manifest = ModelPreparation.Prepare(_folder.Write("m.onnx", b.Bytes), _folder["p"]).Manifest;

        Assert.Equal(["cat", "dog", "owl"], manifest.ClassNames);
        Assert.Equal(("probabilities", OutputForm.Softmax), (manifest.Exits[0].Name, manifest.Exits[0].Form));
    }

    [Theory]
    [InlineData("3x8x8")]
    [InlineData("1x3x8x8")]
    public void Prepare_OpenHeightAndWidth_TakesTheGivenShape(string shape)
    {
        var b = new OnnxBuilder(4);
        b.Head(b.ConvRelu(b.Input("x", -1, 3, -1, -1), 3, 8), 8, 5, "logits");
        b.Output("logits");
        int[] dims = [.. shape.Split('x').Select(int.Parse)];

        Assert.Equal([3, 8, 8], ModelPreparation.Prepare(_folder.Write("m.onnx", b.Bytes), _folder["p"],
            new PrepareOptions { InputShape = dims }).Manifest.Input.Shape);
    }

    [Fact]
    public void Prepare_InputWithoutShape_TakesTheGivenShape()
    {
        var b = new OnnxBuilder(7);
        b.Head(b.ConvRelu(b.Input("x", -1, 3, 8, 8), 3, 8), 8, 5, "logits");
        b.Output("logits");
        b.Graph.Input[0].Type.TensorType.Shape = null;
        string file = _folder.Write("m.onnx", b.Bytes);

        string refused = Assert.Throws<InvalidDataException>(() => ModelPreparation.Prepare(file, _folder["p"])).Message;
        Assert.Contains("does not say the shape of input 'x'; give it, for instance --input-shape 3x224x224", refused);
        Assert.Equal([3, 8, 8], ModelPreparation.Prepare(file, _folder["p"], new PrepareOptions { InputShape = [3, 8, 8] }).Manifest.Input.Shape);
    }

    [Fact]
    public void Prepare_TwoOutputsOfOneSideExit_MakeOneExit()
    {
        var b = new OnnxBuilder(8);
        string x = b.ConvRelu(b.Input("x", -1, 3, 8, 8), 3, 8);
        b.Head(x, 8, 5, "scores");
        b.Node("Softmax", ["scores"], "probabilities");
        b.Head(b.ConvRelu(b.ConvRelu(x, 8, 8), 8, 8), 8, 5, "logits");
        b.Output("scores", "probabilities", "logits");

        PreparedModel made = ModelPreparation.Prepare(_folder.Write("m.onnx", b.Bytes), _folder["p"]);

        Assert.Equal(["scores", "logits"], made.Manifest.Exits.Select(e => e.Name));
        Assert.Contains("output 'probabilities' left out, it is the exit 'scores'", made.Notes);
    }

    [Theory]
    [InlineData("file")]
    [InlineData("chain")]
    [InlineData("folder")]
    public void Prepare_LinkOutOfTheModelsFolder_IsRefused(string kind)
    {
        Directory.CreateDirectory(_folder["net"]);
        Directory.CreateDirectory(_folder["elsewhere"]);
        string location = kind == "folder" ? "data/w.data" : "w.data";
        (byte[] model, byte[] data) = External(location);
        File.WriteAllBytes(_folder["net/model.onnx"], model);
        File.WriteAllBytes(_folder["elsewhere/w.data"], data);
        switch (kind)
        {
            case "folder": Directory.CreateSymbolicLink(_folder["net/data"], _folder["elsewhere"]); break;
            case "chain":
                File.CreateSymbolicLink(_folder["net/between"], "../elsewhere/w.data");
                File.CreateSymbolicLink(_folder["net/w.data"], "between");
                break;
            default: File.CreateSymbolicLink(_folder["net/w.data"], _folder["elsewhere/w.data"]); break;
        }

        Assert.Contains(
            $"lies in '{location}', a link that leads out of the model's folder",
            Assert.Throws<InvalidDataException>(() => ModelPreparation.Prepare(_folder["net/model.onnx"], _folder["p"])).Message);
    }

    /// <summary>A pipe has no length either; opening one would wait for a writer.</summary>
    [Fact]
    public void Prepare_DataFileWithoutBytes_IsRefusedUnopened()
    {
        File.WriteAllBytes(_folder["model.onnx"], External("w.data").Model);
        File.WriteAllBytes(_folder["w.data"], []);

        Assert.Contains(
            "lies in 'w.data', which is empty or not a regular file",
            Assert.Throws<InvalidDataException>(() => ModelPreparation.Prepare(_folder["model.onnx"], _folder["p"])).Message);
    }

    [Theory]
    [InlineData("blobs", "snapshots/rev", "../../blobs/")]
    [InlineData("blobs", "snapshots/rev/onnx", "../../../blobs/")]
    [InlineData("store", "store/links", "../")]
    public void Prepare_LinksInsideACache_AreFollowed(string store, string links, string up)
    {
        (byte[] model, byte[] data) = External("w.data");
        Directory.CreateDirectory(_folder[store]);
        Directory.CreateDirectory(_folder[links]);
        File.WriteAllBytes(_folder[store + "/1f"], model);
        File.WriteAllBytes(_folder[store + "/2e"], data);
        File.CreateSymbolicLink(_folder[links + "/model.onnx"], up + "1f");
        File.CreateSymbolicLink(_folder[links + "/w.data"], up + "2e");

        Assert.Equal(5, ModelPreparation.Prepare(_folder[links + "/model.onnx"], _folder["p"]).Manifest.Classes);
    }

    [Fact]
    public void Prepare_ModelItselfUnderALink_FindsItsDataOnEitherSide()
    {
        (byte[] model, byte[] data) = External("w.data");
        Directory.CreateDirectory(_folder["real"]);
        File.WriteAllBytes(_folder["real/model.onnx"], model);
        File.WriteAllBytes(_folder["real/w.data"], data);
        File.CreateSymbolicLink(_folder["link.onnx"], "real/model.onnx");

        Assert.Equal(5, ModelPreparation.Prepare(_folder["link.onnx"], _folder["p"]).Manifest.Classes);
    }

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
    [InlineData("inputs", "the model has 2 inputs (image, size), one is supported")]
    [InlineData("integers", "input 'image' is int64, only float32 is supported; export the network with a float32 input")]
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
            case "inputs": x = b.Node("Mul", [x, b.Input("size", 1, 1, 1, 1)]); break;
            case "integers": b.Graph.Input[0].Type.TensorType.ElemType = ElementType.Int64; break;
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

        string refused = Assert.Throws<InvalidDataException>(() => ModelPreparation.Prepare(file, _folder["p"], null, new NoEngine())).Message;
        Assert.Contains(message, refused);
    }

    [Theory]
    [InlineData(60, 8, "opset 60 is newer than what the engine reads, ")]
    [InlineData(17, 60, "ONNX's IR version 60 is newer than what the engine reads, ")]
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

    /// <summary>Weights given to the engine from outside, as those of a model of more than 2 GB are.</summary>
    [Theory]
    [InlineData("chain")]
    [InlineData("attention")]
    [InlineData("residual")]
    public void Probe_WeightsFromOutside_SaysTheSame(string name)
    {
        string file = _folder.Write("m.onnx", Graphs.All[name]().Bytes);
        ModelManifest expected = ModelPreparation.Prepare(file, _folder["p"]).Manifest;
        ModelManifest actual = ModelPreparation.Prepare(file, _folder["q"], null, new NativeGraphRunner { MostInline = 0 }).Manifest;

        Assert.Equal(expected.Units.Select(u => (u.Name, u.Macs, u.OutBytes)), actual.Units.Select(u => (u.Name, u.Macs, u.OutBytes)));
        Assert.Equal(File.ReadAllBytes(_folder["p/weights.bin"]), File.ReadAllBytes(_folder["q/weights.bin"]));
    }

    /// <summary>A file whose weights are not parsed with it holds the same.</summary>
    [Fact]
    public void Split_AnyModel_PutsTogetherTheSameFile()
    {
        foreach ((string name, Func<OnnxBuilder> graph) in Graphs.All.Concat(Graphs.Larger))
        {
            byte[] file = graph().Bytes;
            OnnxSplit split = OnnxSplit.Of(file)!;
            ModelProto model = ModelProto.Parser.ParseFrom(split.Rest);
            Assert.All(model.Graph.Initializer, w => Assert.InRange(w.RawData.Length, 0, 1023));
            foreach ((int weight, int offset, int length) in split.Weights)
                model.Graph.Initializer[weight].RawData = ByteString.CopyFrom(file, offset, length);
            Assert.True(model.Equals(ModelProto.Parser.ParseFrom(file)), name);
            for (int cut = 1; cut < 40; cut++) _ = OnnxSplit.Of(file.AsSpan(0, file.Length - (cut * 7))); // returns, whatever is missing
        }
    }

    /// <summary>Writes 2.3 GB to disk, so it only runs on request.</summary>
    [Fact]
    public void Prepare_MoreThanTwoGigabytesOfWeights_Works()
    {
        Assert.SkipWhen(Environment.GetEnvironmentVariable("EDGEML_LARGE_TESTS") is null, "EDGEML_LARGE_TESTS is not set");
        const int wide = 24_000;
        var b = new OnnxBuilder(8);
        string x = b.Relu(b.Gemm(b.Input("x", -1, 8), 8, wide));
        long at = 0;
        using (FileStream stream = File.Create(_folder["w.data"]))
        {
            // A seek leaves a hole, which reads as zeros; one number apart, no two weights are the same.
            for (int i = 1; i <= 2; i++)
            {
                long bytes = (long)wide * wide / 2 * sizeof(float);
                var weight = new TensorProto { Name = $"large{i}", DataType = ElementType.Float, DataLocation = 1 };
                weight.Dims.Add(i == 1 ? [wide, wide / 2] : [wide / 2, wide]);
                foreach ((string key, string value) in new[] { ("location", "w.data"), ("offset", $"{at}"), ("length", $"{bytes}") })
                    weight.ExternalData.Add(new StringStringEntryProto { Key = key, Value = value });
                b.Graph.Initializer.Add(weight);
                stream.Position = at;
                stream.Write(MemoryMarshal.AsBytes<float>([i]));
                at += bytes;
                stream.SetLength(at);
                x = b.Relu(b.Node("MatMul", [x, weight.Name]));
            }
        }
        b.Gemm(x, wide, 5, "logits");
        b.Output("logits");
        ModelManifest manifest = ModelPreparation.Prepare(_folder.Write("m.onnx", b.Bytes), _folder["p"]).Manifest;

        Assert.True(new FileInfo(_folder["p/weights.bin"]).Length > int.MaxValue);
        Assert.Equal(5, manifest.Classes);
        ModelPackage.Open(_folder["p"]).Dispose();
    }

    void AnswersAs(byte[] inline, string path)
    {
        ModelManifest manifest = ModelPreparation.Prepare(path, _folder["p"]).Manifest;
        using ModelPackage package = ModelPackage.Open(_folder["p"]);
        using WeightsHandle weights = _runs.Share(package);
        var random = new Random(9);
        float[] input = [.. Enumerable.Range(0, manifest.Input.Elements).Select(_ => (float)(random.NextDouble() - 0.5))];
        float[] expected = _runs.Run(inline, null, input)[0];
        for (int cut = 0; cut < manifest.Units.Count; cut++)
        {
            float[] tensor = cut == 0 ? input : _runs.Run(package.BuildRange(1, cut, null, true).Onnx, weights, input)[0];
            float[] actual = _runs.Run(package.BuildRange(cut + 1, manifest.Units.Count, null, false).Onnx, weights, tensor)[0];
            for (int c = 0; c < expected.Length; c++) Assert.Equal(expected[c], actual[c], 1e-4f);
        }
    }

    static OnnxBuilder Valid(string kind)
    {
        var b = new OnnxBuilder(10);
        string x;
        switch (kind)
        {
            case "mask":
                x = b.Input("x", -1, 24, 16);
                float[] mask = [.. Enumerable.Range(0, 24 * 24).Select(i => i % 24 > i / 24 ? float.NegativeInfinity : 0)];
                string scores = b.Node("MatMul", [x, b.Node("Transpose", [x], null, OnnxBuilder.Ints("perm", 0, 2, 1))]);
                scores = b.Node("Softmax", [b.Node("Add", [scores, b.Weight([24, 24], mask)])]);
                b.Gemm(b.Flatten(b.Node("MatMul", [scores, x])), 384, 5, "logits");
                break;
            case "empty-constant":
                x = b.Input("x", -1, 3, 8, 8);
                var none = new TensorProto { DataType = ElementType.Int64, Dims = { 0 } };
                string rest = b.Node("Constant", [], null, new AttributeProto { Name = "value", Type = 4, T = none });
                string amounts = b.Node("Concat", [b.Integers(0, 0, 1, 1, 0, 0, 1, 1), rest], null, OnnxBuilder.Int("axis", 0));
                b.Head(b.ConvRelu(b.Node("Pad", [x, amounts]), 3, 8), 8, 5, "logits");
                break;
            case "empty-activation":
                x = b.ConvRelu(b.Input("x", -1, 3, 8, 8), 3, 8);
                string nothing = b.Node("Slice", [x, b.Integers(8), b.Integers(8), b.Integers(1)]);
                b.Head(b.ConvRelu(b.Node("Concat", [x, nothing], null, OnnxBuilder.Int("axis", 1)), 8, 8), 8, 5, "logits");
                break;
            case "empty-optional-input":
                x = b.ConvRelu(b.Input("x", -1, 3, 8, 8), 3, 8);
                string roi = b.Weight([0], []);
                x = b.Node("Resize", [x, roi, b.Weight([4], [1, 1, 2, 2])]);
                b.Head(b.ConvRelu(x, 8, 8), 8, 5, "logits");
                break;
            case "nhwc":
                x = b.Node("Transpose", [b.Input("x", -1, 8, 8, 3)], null, OnnxBuilder.Ints("perm", 0, 3, 1, 2));
                b.Head(b.ConvRelu(b.ConvRelu(x, 3, 8), 8, 8), 8, 5, "logits");
                break;
            case "row":
                b.Gemm(b.Relu(b.Gemm(b.Input("x", -1, 40), 40, 30)), 30, 5, "logits");
                break;
            case "series" or "volume":
                long[] kernel = kind == "series" ? [3] : [3, 3, 3];
                x = kind == "series" ? b.Input("x", -1, 4, 30) : b.Input("x", -1, 2, 6, 8, 8);
                long channels = kind == "series" ? 4 : 2;
                x = b.Relu(b.Node("Conv", [x, b.Weight(0.3, [8, channels, .. kernel])]));
                b.Head(b.Relu(b.Node("Conv", [x, b.Weight(0.3, [8, 8, .. kernel])])), 8, 5, "logits");
                break;
            default:
                int from = kind switch { "one-channel" => 1, "two-channels" => 2, _ => 4 };
                b.Head(b.ConvRelu(b.ConvRelu(b.Input("x", -1, from, 8, 8), from, 8), 8, 8), 8, 5, "logits");
                break;
        }
        b.Output("logits");
        return b;
    }

    /// <summary>A model with weights in an initializer, in a Constant node, in both branches of an If, and in a Constant node
    /// there.</summary>
    static ModelProto WithBranches(bool function)
    {
        var b = new OnnxBuilder(11);
        string x = b.Head(b.ConvRelu(b.Input("x", -1, 3, 8, 8), 3, 8), 8, 5, "scores");
        GraphProto Branch(string name)
        {
            var weights = new OnnxBuilder(name.Length);
            weights.Weight(1, 5, 5);
            weights.Weight(1, 5);
            TensorProto weight = weights.Graph.Initializer[0], bias = weights.Graph.Initializer[1];
            weight.Name = name + "_w";
            return new GraphProto
            {
                Name = name,
                Initializer = { weight },
                Node =
                {
                    new NodeProto
                    {
                        OpType = "Constant",
                        Output = { name + "_b" },
                        Attribute = { new AttributeProto { Name = "value", Type = 4, T = bias } },
                    },
                    new NodeProto { OpType = "MatMul", Input = { x, name + "_w" }, Output = { name + "_m" } },
                    new NodeProto { OpType = "Add", Input = { name + "_m", name + "_b" }, Output = { name + "_y" } },
                },
                Output = { OnnxBuilder.Value(name + "_y", ElementType.Float, [1, 5]) },
            };
        }
        b.Graph.Node.Add(new NodeProto
        {
            OpType = "If",
            Name = "if",
            Input = { b.Node("Greater", [b.Node("ReduceMax", [x], null, OnnxBuilder.Int("keepdims", 0)), b.Constant(0.1f)]) },
            Output = { "chosen" },
            Attribute =
            {
                new AttributeProto { Name = "then_branch", Type = 5, G = Branch("then") },
                new AttributeProto { Name = "else_branch", Type = 5, G = Branch("otherwise") },
            },
        });
        if (function)
        {
            var weights = new OnnxBuilder(12);
            weights.Weight(1, 5);
            b.Model.OpsetImport.Add(new OperatorSetIdProto { Domain = "my", Version = 1 });
            b.Model.Functions.Add(new FunctionProto
            {
                Domain = "my",
                Name = "Shift",
                Input = { "a" },
                Output = { "b" },
                OpsetImport = { new OperatorSetIdProto { Version = 17 } },
                Node =
                {
                    new NodeProto
                    {
                        OpType = "Constant",
                        Output = { "c" },
                        Attribute = { new AttributeProto { Name = "value", Type = 4, T = weights.Graph.Initializer[0] } },
                    },
                    new NodeProto { OpType = "Add", Input = { "a", "c" }, Output = { "b" } },
                },
            });
            b.Graph.Node.Add(new NodeProto { OpType = "Shift", Domain = "my", Input = { "chosen" }, Output = { "logits" } });
        }
        else
        {
            b.Node("Add", ["chosen", b.Constant(0.25f)], "logits");
        }
        b.Output("logits");
        return b.Model;
    }

    static List<TensorProto> Tensors(GraphProto graph, string place)
    {
        IEnumerable<GraphProto> branches = graph.Node.SelectMany(n => n.Attribute).Where(a => a.G is not null).Select(a => a.G);
        static IEnumerable<TensorProto> Constants(GraphProto g) => g.Node.Where(n => n.OpType == "Constant").Select(n => n.Attribute[0].T);
        return place switch
        {
            "initializer" => [.. graph.Initializer],
            "constant" => [.. Constants(graph)],
            "branch" => [.. branches.SelectMany(g => g.Initializer)],
            "constant-in-branch" => [.. branches.SelectMany(Constants)],
            _ => [],
        };
    }

    void Externalise(TensorProto tensor)
    {
        WeightData.Normalise(tensor);
        using var stream = new FileStream(_folder["w.data"], FileMode.Append);
        foreach ((string key, long value) in new[] { ("offset", stream.Position), ("length", tensor.RawData.Length) })
            tensor.ExternalData.Add(new StringStringEntryProto { Key = key, Value = value.ToString(CultureInfo.InvariantCulture) });
        tensor.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = "w.data" });
        stream.Write(tensor.RawData.Span);
        tensor.ClearRawData();
        tensor.DataLocation = 1;
    }

    /// <summary>A model whose first weight is external data.</summary>
    static (byte[] Model, byte[] Data) External(string location)
    {
        OnnxBuilder b = Valid("one-channel");
        TensorProto weight = b.Graph.Initializer[0];
        byte[] data = weight.RawData.ToByteArray();
        weight.ClearRawData();
        weight.DataLocation = 1;
        weight.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = location });
        return (b.Bytes, data);
    }

    /// <summary>Fails a test that comes as far as the engine.</summary>
    sealed class NoEngine : IGraphRunner
    {
        public ProbeResult Probe(ModelProto model, IReadOnlyList<float[]> inputs, IReadOnlySet<string> keep) =>
            throw new InvalidOperationException("a session was made");
    }
}
