using System.Text.Json;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Inference.Tasks;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Models.Packages;
using EdgeML.Native.Policies;
using EdgeML.Native.Preparation;
using EdgeML.Native.Preparation.Graph;
using EdgeML.Native.Preparation.Options;
using EdgeML.Native.Preparation.Verification;
using EdgeML.Native.Tests.Models;
using EdgeML.Native.Tests.Models.Onnx;

namespace EdgeML.Native.Tests.Preparation;

/// <summary>How networks without class scores become packages.</summary>
public sealed class RawPreparationTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    PreparedModel Prepare(OnnxBuilder b, PrepareOptions? options = null) =>
        ModelPreparation.Prepare(_folder.Write("m.onnx", b.Bytes), _folder["p"], options);

    string Refused(OnnxBuilder b, PrepareOptions? options = null) =>
        Assert.Throws<InvalidDataException>(() => Prepare(b, options)).Message;

    [Theory]
    [InlineData("detector", "output 'boxes' is float32 1x84x4, not the scores of a classifier")]
    [InlineData("unet", "output 'scores' is float32 1x4x32x32, not the scores of a classifier")]
    [InlineData("two-inputs", "output 'value' is a single score and no probability within 0..1")]
    [InlineData("pixels", "output 'heat' is float32 1x5x8x8, not the scores of a classifier")]
    public void Prepare_Auto_TakesOutputsAsTheyAreAndSaysWhy(string kind, string why)
    {
        PreparedModel prepared = Prepare(RawNetworks.Make(kind));
        Assert.Contains($"outputs are taken as they are, without classes and exits: {why}", prepared.Notes);
        Assert.Equal((0, 0, false), (prepared.Manifest.Classes, prepared.Manifest.SideExits, prepared.Manifest.IsClassifier));
    }

    [Fact]
    public void Prepare_AutoOnARow_IsAClassifierUnlessToldOtherwise()
    {
        OnnxBuilder b = RawNetworks.Make("embedding");
        Assert.True(Prepare(b).Manifest is { IsClassifier: true, Classes: 64, Format: 2 });
        ModelManifest raw = ModelPreparation.Prepare(_folder["m.onnx"], _folder["raw"], new PrepareOptions { Outputs = OutputKind.Raw }).Manifest;
        Assert.Equal("embedding float32 1x64", Assert.Single(raw.Outputs!).ToString());
        Assert.Equal(3, raw.Format);
    }

    [Theory]
    [InlineData(ElementType.Int16, "input 'planes' is int16")]
    [InlineData(ElementType.Int8, "input 'planes' is int8")]
    [InlineData(ElementType.Bool, "input 'planes' is bool")]
    [InlineData(ElementType.Int32, "input 'planes' is int32")]
    public void Prepare_OnePictureShapedInputOfOtherTypes_IsNoPicture(int type, string reason)
    {
        var b = new OnnxBuilder(3);
        b.Graph.Input.Add(OnnxBuilder.Value("planes", type, [-1, 3, 8, 8]));
        string floats = b.Node("Cast", ["planes"], null, OnnxBuilder.Int("to", ElementType.Float));
        b.Node("Identity", [b.Conv(b.ConvRelu(floats, 3, 4), 4, 2)], "heat");
        b.Output("heat");
        ModelManifest made = Prepare(b).Manifest;
        Assert.True(made is { Preprocessing: null, TakesBytes: false });
        Assert.Null(PictureInput.Of(made));
        string refused = Assert.Throws<ArgumentException>(() => Prepare(b, new PrepareOptions { Layout = PixelLayout.Nchw, Force = true })).Message;
        Assert.Contains(reason, refused);
    }

    [Fact]
    public void Prepare_AnInputThatIsAnOutputAndReadByNothing_IsPassedOn()
    {
        var b = new OnnxBuilder(3);
        b.ConvRelu(b.Input("image", -1, 3, 8, 8), 3, 4);
        b.Node("Identity", [b.Graph.Node[^1].Output[0]], "heat");
        b.Graph.Input.Add(OnnxBuilder.Value("stamp", ElementType.Int64, [2]));
        b.Graph.Output.Add(OnnxBuilder.Value("stamp", ElementType.Int64, [2]));
        b.Output("heat");
        using var loaded = new LoadedNetwork("passed on", builder: b);
        using var session = new EdgeSession(loaded.Model);
        TensorRow outputs = session.NewOutputs();
        for (int cut = 0; cut <= loaded.Manifest.LocalCut; cut++)
        {
            loaded.Draw(cut);
            var (given, got) = (new long[2], new long[2]);
            loaded.Inputs.Set("stamp", [long.MinValue + cut, 1L << 53 | 1]);
            session.Policy = new ExitPolicy([], cut);
            session.Run(loaded.Inputs, outputs);
            loaded.Inputs.CopyTo("stamp", given);
            outputs.CopyTo("stamp", got);
            Assert.Equal(given, got);
            Assert.Equal([long.MinValue + cut, 1L << 53 | 1], got);
        }
    }

    [Fact]
    public void Prepare_Detector_DescribesOutputsAndRoundTrips()
    {
        ModelManifest made = Prepare(RawNetworks.Make("detector")).Manifest;
        using ModelPackage package = ModelPackage.Open(_folder["p"]);
        Assert.Equal(made.Outputs, package.Manifest.Outputs);
        Assert.Equal(
            ["boxes float32 1x84x4", "scores float32 1x84x5", "small float32 1x9x8x8", "middle float32 1x9x4x4", "large float32 1x9x2x2"],
            made.Outputs!.Select(o => o.ToString()));
        Assert.Equal((0, 336, 756), (made.Outputs![0].Offset, made.Outputs[1].Offset, made.Outputs[2].Offset));
        Assert.Equal(756 + 756, made.AnswerElements);
        Assert.Null(made.Inputs);
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(_folder["p/model.json"]));
        JsonElement first = json.RootElement.GetProperty("outputs")[0];
        Assert.Equal(["name", "shape", "type", "offset"], first.EnumerateObject().Select(p => p.Name));
        Assert.False(json.RootElement.TryGetProperty("inputs", out _));
    }

    /// <summary>Skips and scales cross such cuts together.</summary>
    [Theory]
    [InlineData("detector")]
    [InlineData("unet")]
    [InlineData("two-inputs")]
    public void Prepare_Branches_LeavesCutsBetweenThem(string kind)
    {
        ModelManifest manifest = Prepare(RawNetworks.Make(kind)).Manifest;
        double all = manifest.Units.Sum(u => (double)u.Macs);
        Assert.Contains(manifest.Cuts, cut => cut.Tensor.StartsWith(PackedCuts.Prefix, StringComparison.Ordinal));
        Assert.True(manifest.Units.Max(u => u.Macs) < 0.45 * all, $"{string.Join(' ', manifest.Units.Select(u => u.Macs))}");
    }

    [Fact]
    public void Prepare_NamedOutputs_KeepsThoseAlone()
    {
        OnnxBuilder b = RawNetworks.Make("detector");
        ModelManifest manifest = Prepare(b, new PrepareOptions { OutputNames = ["scores", "boxes"] }).Manifest;
        Assert.Equal(["boxes", "scores"], manifest.Outputs!.Select(o => o.Name));
        Assert.Contains("no output is named 'masks'; there are boxes, scores, small", Refused(b, new PrepareOptions { OutputNames = ["masks"] }));
    }

    [Fact]
    public void Prepare_ContradictingOptions_AreRefused()
    {
        OnnxBuilder b = RawNetworks.Make("embedding");
        Assert.Throws<ArgumentException>(() => Prepare(b, new PrepareOptions { Outputs = OutputKind.Raw, Final = "embedding" }));
        Assert.Throws<ArgumentException>(() => Prepare(b, new PrepareOptions { Outputs = OutputKind.Classes, OutputNames = ["embedding"] }));
        Assert.Contains("not the scores of a classifier", Refused(RawNetworks.Make("unet"), new PrepareOptions { Outputs = OutputKind.Classes }));
        Assert.Contains("not the scores of a classifier", Refused(RawNetworks.Make("unet"), new PrepareOptions { Final = "scores" }));
    }

    [Fact]
    public void Prepare_DataDependentShapes_IsRefusedWithAdvice()
    {
        var b = new OnnxBuilder(5);
        string x = b.Conv(b.ConvRelu(b.Input("image", -1, 3, 8, 8), 3, 8), 8, 5);
        string boxes = b.Node("Reshape", [b.Conv(x, 5, 4), b.Integers(1, 64, 4)]), scores = b.Node("Reshape", [x, b.Integers(1, 5, 64)]);
        b.Node("NonMaxSuppression", [boxes, scores], "kept");
        b.Output("kept");
        string refused = Refused(b);
        Assert.Contains("(NonMaxSuppression): the shape of its result depends on the input's values", refused);
        Assert.Contains("export the detector without it", refused);
    }

    [Fact]
    public void Prepare_OpenShapesOfSeveralInputs_AreGivenByName()
    {
        var b = new OnnxBuilder(5);
        string a = b.ConvRelu(b.Input("a", -1, 3, -1, -1), 3, 4), c = b.ConvRelu(b.Input("b", -1, 3, -1, -1), 3, 4);
        b.Node("Identity", [b.Conv(b.Node("Add", [a, c]), 4, 2)], "out");
        b.Output("out");
        Assert.Contains("dimension 2 of input 'a' is open; give the shape, for instance --input-shape a=3x64x64", Refused(b));
        Assert.Contains("one shape is given for 2 inputs", Refused(b, new PrepareOptions { InputShape = [3, 8, 8] }));
        Assert.Contains("no input is named 'c'; there are a, b", Refused(b, new PrepareOptions { InputShapes = Shapes("a", "c") }));
        Assert.Equal(2 * 3 * 64, Prepare(b, new PrepareOptions { InputShapes = Shapes("a", "b") }).Manifest.Input.Elements);

        static Dictionary<string, IReadOnlyList<int>> Shapes(params string[] names) => names.ToDictionary(n => n, _ => (IReadOnlyList<int>)[3, 8, 8]);
    }

    /// <summary>A package that answers otherwise in one element is not written.</summary>
    [Theory]
    [InlineData("detector", 800, "output 'small' differs")]
    [InlineData("integers", 70, "4 of 256 elements of output 'wide' are other integers than those of the file")]
    public void Verify_OneElementOff_IsNoticed(string kind, int element, string message)
    {
        var verifier = new PackageVerifier { Alter = (_, _, row) => row[element] += 1 };
        string file = _folder.Write("m.onnx", RawNetworks.Make(kind).Bytes);
        string refused = Assert.Throws<InvalidDataException>(() => ModelPreparation.Prepare(
            file, _folder["p"], new PrepareOptions { Outputs = OutputKind.Raw }, new NativeGraphRunner(), verifier)).Message;
        Assert.Contains(message, refused);
        Assert.False(Directory.Exists(_folder["p"]));
    }

    [Fact]
    public void Identity_OfOtherOutputs_Differs()
    {
        OnnxBuilder b = RawNetworks.Make("detector");
        string all = Prepare(b).Manifest.Identity, some = Prepare(b, new PrepareOptions { OutputNames = ["boxes"] }).Manifest.Identity;
        Assert.NotEqual(all, some);
        Assert.StartsWith(Prepare(b).Manifest.Hash + "+tensors:", all);
    }

    [Fact]
    public void Open_ManifestsThatContradictThemselves_AreRefused()
    {
        ModelManifest good = Prepare(RawNetworks.Make("two-inputs")).Manifest;
        NamedTensor first = good.Outputs![0];
        void Bad(ModelManifest bad, string message)
        {
            PackageJson.WriteManifest(_folder["p"], bad);
            Assert.Contains(message, Assert.Throws<InvalidDataException>(() => ModelPackage.Open(_folder["p"]).Dispose()).Message);
        }
        Bad(good with { Format = 2 }, "format 2, its inputs and outputs make it 3");
        Bad(good with { Classes = 5 }, "5 classes beside 2 outputs");
        Bad(good with { Outputs = [first] }, "exit 'outputs' does not put out 4 numbers");
        Bad(good with { Outputs = [] }, "no output");
        Bad(good with { Outputs = [first with { Type = "complex" }] }, "output 'action' is complex");
        Bad(good with { Outputs = [first, first with { Offset = 4 }] }, "two outputs named 'action'");
        Bad(good with { Outputs = [first, good.Outputs[1] with { Offset = 3 }] }, "output 'value' begins at 3, those before it end at 4");
        Bad(good with { Inputs = null }, "cut 0 sends");
        Bad(good with { Inputs = [good.Inputs![0]] }, "inputs of 768 floats in a row of 780");
    }

    [Fact]
    public void NamedTensor_Integers_KeepTheirValues()
    {
        var random = new Random(9);
        foreach ((string type, long low, long high) in new[]
        {
            ("int64", long.MinValue, long.MaxValue), ("int32", int.MinValue, int.MaxValue), ("uint32", 0L, uint.MaxValue), ("bool", 0L, 1L), ("int8", -128L, 127L),
            ("uint8", 0L, 255L), ("int16", short.MinValue, short.MaxValue), ("uint16", 0L, ushort.MaxValue),
        })
        {
            var tensor = new NamedTensor("t", [3, 40], type, 5);
            long[] values = [low, high, 0, Math.Max(low, -1), 1, .. Enumerable.Range(0, 115).Select(_ => random.NextInt64(low, high))];
            var row = new float[tensor.Offset + tensor.RowElements];
            tensor.Write(values, row);
            var read = new long[120];
            tensor.CopyTo(row, read);
            Assert.Equal(values, read);
            Assert.True(row.All(x => Math.Abs(x) < 1 << 24), type);
            if (low > long.MinValue) Assert.Throws<ArgumentException>(() => tensor.Write([.. values[..119], high + 1], row));
            Assert.Throws<ArgumentException>(() => tensor.CopyTo(row.AsSpan(1), read));
            Assert.Throws<InvalidOperationException>(() => tensor.Write(new float[120], row));
        }
        var floats = new NamedTensor("f", [], "float32", 1);
        Assert.Equal((1, 1, false), (floats.Elements, floats.RowElements, floats.IsInteger));
        Assert.Equal(7f, floats.In((ReadOnlySpan<float>)[1, 7])[0]);
        Assert.Throws<InvalidOperationException>(() => floats.CopyTo([1, 7], new long[1]));
    }
}
