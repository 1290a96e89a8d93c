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

/// <summary>Valid models are accepted in every form that exporters write; links and data files that lead elsewhere are refused.</summary>
public sealed class IntakeTests : FileRunTests
{
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
        byte[] file = IntakeModels.Valid(kind).Bytes;
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
        ModelProto model = IntakeModels.WithBranches(place == "function");
        byte[] file = model.ToByteArray();
        if (place == "function") Externalise(model.Functions.SelectMany(f => f.Node).Single(n => n.OpType == "Constant").Attribute[0].T);
        foreach (TensorProto tensor in IntakeModels.Tensors(model.Graph, place)) Externalise(tensor);
        AnswersAs(file, _folder.Write("m.onnx", model.ToByteArray()));
    }

    [Fact]
    public void Prepare_ExternalDataChangedInABranch_GivesAnotherHash()
    {
        ModelProto model = IntakeModels.WithBranches(false);
        foreach (TensorProto tensor in IntakeModels.Tensors(model.Graph, "branch")) Externalise(tensor);
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
        OnnxBuilder b = IntakeModels.Valid("one-channel");
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
        OnnxBuilder b = IntakeModels.Valid("one-channel");
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
        Assert.Contains("does not state the shape of input 'x'; give it, for instance --input-shape 3x224x224", refused);
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
        (byte[] model, byte[] data) = IntakeModels.External(location);
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
        File.WriteAllBytes(_folder["model.onnx"], IntakeModels.External("w.data").Model);
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
        (byte[] model, byte[] data) = IntakeModels.External("w.data");
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
        (byte[] model, byte[] data) = IntakeModels.External("w.data");
        Directory.CreateDirectory(_folder["real"]);
        File.WriteAllBytes(_folder["real/model.onnx"], model);
        File.WriteAllBytes(_folder["real/w.data"], data);
        File.CreateSymbolicLink(_folder["link.onnx"], "real/model.onnx");

        Assert.Equal(5, ModelPreparation.Prepare(_folder["link.onnx"], _folder["p"]).Manifest.Classes);
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
}
