using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Models.Packages;
using EdgeML.Native.Preparation;
using EdgeML.Native.Tests.Models.Onnx;
using EdgeML.Training.Data;
using EdgeML.Training.Quantisation;
using Google.Protobuf;

namespace EdgeML.Training.Tests.Quantisation;

/// <summary>Unusual places, files and operators.</summary>
public sealed class QuantiserCornerTests : IDisposable
{
    readonly QuantiseRun _run = new();

    public void Dispose() => _run.Dispose();

    [Theory]
    [InlineData("float/")]
    [InlineData("float//")]
    [InlineData("other/../float/")]
    public void Run_ThePackageItselfInOtherWords_IsRefused(string folder)
    {
        string package = Chain();
        QuantiseOptions options = _run.Options(package, Pictures()) with { Folder = _run[folder] };

        Assert.Contains("another folder", Assert.Throws<ArgumentException>(() => _run.Run(options)).Message);
        Assert.Contains("another folder", Assert.Throws<ArgumentException>(() => _run.Run(options with { Package = package + "/", Folder = package })).Message);
    }

    [Fact]
    public void Run_FolderWithASlash_IsWrittenAndReplacedLikeOneWithout()
    {
        string package = Chain();
        QuantiseOptions options = _run.Options(package, Pictures()) with { Folder = _run["int8"] + "/" };

        _run.Run(options);
        _run.Run(options);

        ModelPackage.Open(_run["int8"]).Dispose();
        Assert.Empty(Directory.GetFileSystemEntries(Path.GetDirectoryName(package)!, ".*"));
    }

    [Fact]
    public void Run_OnnxFileThatCannotBeWritten_KeepsThePackageThatWasThere()
    {
        string package = Chain();
        QuantiseOptions options = _run.Options(package, Pictures()) with { OnnxFile = null };
        _run.Run(options with { Skip = ["conv1"] });
        string before = File.ReadAllText(Path.Combine(options.Folder, PackageFiles.ManifestName));

        Assert.Throws<DirectoryNotFoundException>(() => _run.Run(options with { OnnxFile = _run["nowhere/int8.onnx"] }));

        Assert.Equal(before, File.ReadAllText(Path.Combine(options.Folder, PackageFiles.ManifestName)));
        _run.Run(options with { OnnxFile = Path.Combine(options.Folder, "int8.onnx") });
        Assert.True(File.Exists(Path.Combine(options.Folder, "int8.onnx")));
    }

    [Theory]
    [InlineData(1, null)]
    [InlineData(1, 100)]
    [InlineData(2, 100)]
    public void Run_AllLayersMayStayFloat32_NamesTheNumbers(int layers, int? mostFloat)
    {
        var b = new OnnxBuilder(6);
        string x = b.Input("x", 1, 16);
        for (int i = 1; i < layers; i++) x = b.Relu(b.Gemm(x, 16, 16));
        b.Gemm(x, 16, 5, "logits");
        b.Output("logits");
        QuantiseOptions options = _run.Options(_run.Prepare(b.Bytes), _run.Tensors(16)) with
        {
            MaxLoss = 1e-9,
            MostFloat = mostFloat,
            Method = RangeMethod.Percentile,
            Samples = 16,
            Test = _run.Tensors(16, seed: 9, samples: 4000),
            TestSamples = 4000,
        };

        string refused = Assert.Throws<ArgumentException>(() => _run.Run(options)).Message;

        Assert.Matches(@"int8 loses \d+\.\d\d points at exit '\w+' \(.* 4000 samples of .*--max-loss is 0", refused);
    }

    [Theory]
    [InlineData(1f, 2)]
    [InlineData(0.5f, 1)]
    public void Run_GemmWithOneNumberAsBias_IsQuantisedWhereItIsNotScaled(float beta, int layers)
    {
        var b = new OnnxBuilder(6);
        string x = b.Relu(b.Node("Gemm", [b.Input("x", 1, 16), b.Weight(0.4, 12, 16), b.Weight([], [0.7f])], null, OnnxBuilder.Int("transB", 1),
            new AttributeProto { Name = "beta", Type = 1, F = beta }));
        b.Gemm(x, 12, 5, "logits");
        b.Output("logits");

        CheckScores(b, 16, layers);
    }

    [Fact]
    public void Run_AddedColumn_IsNoBias()
    {
        var b = new OnnxBuilder(6);
        string product = b.Node("MatMul", [b.Input("x", 1, 16), b.Weight(0.4, 16, 4)]);
        string sum = b.Node("Add", [product, b.Weight(0.3, 4, 1)]);
        b.Gemm(b.Node("Flatten", [sum], null, OnnxBuilder.Int("axis", 0)), 16, 5, "logits");
        b.Output("logits");

        CheckScores(b, 16, 2);
    }

    [Fact]
    public void Run_OlderOperatorsThatMeanTheSame_AreKept()
    {
        var b = new OnnxBuilder(6);
        string x = b.Relu(b.Gemm(b.Input("x", 1, 16), 16, 8));
        b.Gemm(b.Node("Mean", [b.Node("Sign", [x]), x, b.Node("Round", [x])]), 8, 5, "logits");
        b.Output("logits");
        b.Model.OpsetImport[0].Version = 11;

        CheckScores(b, 16, 2, mostChange: 0.2); // Rounding to whole numbers enlarges what changes.
    }

    [Fact]
    public void Run_OlderOperatorThatMayMeanSomethingElse_IsRefused()
    {
        var b = new OnnxBuilder(6);
        b.Gemm(b.Node("Hardmax", [b.Gemm(b.Input("x", 1, 16), 16, 8)]), 8, 5, "logits");
        b.Output("logits");
        b.Model.OpsetImport[0].Version = 11;
        QuantiseOptions options = _run.Options(_run.Prepare(b.Bytes), _run.Tensors(16));

        Assert.Contains("not known to mean the same", Assert.Throws<InvalidDataException>(() => _run.Run(options)).Message);
    }

    [Fact]
    public void Run_UnitsOfAFileWithoutNodeNames_CanBeSkipped()
    {
        OnnxBuilder b = Graphs.Make("chain");
        foreach (NodeProto node in b.Graph.Node) node.Name = "";
        string package = _run.Prepare(b.Bytes);
        QuantiseOptions options = _run.Options(package, Pictures());
        string[] convolutions;
        using (ModelPackage opened = ModelPackage.Open(package))
            convolutions = [.. opened.Manifest.Units.Select(unit => unit.Name).Where(unit => unit.StartsWith("conv", StringComparison.Ordinal))];
        Assert.Equal(["conv", "conv_2", "conv_3"], convolutions);

        QuantiseReport report = _run.Run(options with { Skip = ["conv_2"] });

        // Normalisation is folded into the second convolution.
        Assert.Equal(b.Graph.Node.Single(n => n.OpType == "BatchNormalization").Output[0], Assert.Single(report.FloatLayers).Name);
    }

    [Fact]
    public void Run_EndlessSource_ItsSizeIsNotNamed()
    {
        ModelPreparation.Prepare(ProjectFolders.ShippedModel!, _run["float"]);
        var options = new QuantiseOptions(_run["float"], DataSpec.Parse("shapes:seed=3"), _run["int8"]);

        string few = Assert.Throws<ArgumentException>(() => _run.Run(options with { Samples = 3 })).Message;
        string fewer = Assert.Throws<ArgumentException>(() => _run.Run(options with { TestSamples = 3 })).Message;

        Assert.StartsWith("3 samples of shapes:seed=3 are for calibration; at least 16", few);
        Assert.StartsWith("3 samples of shapes:seed=3 beside the 512", fewer);
    }

    [Fact]
    public void Run_PackageWithAPromise_TheNoteHasItsConfidence()
    {
        string package = Chain();
        using (ModelPackage opened = ModelPackage.Open(package))
        {
            opened.SaveGuarantee(new AccuracyGuarantee
            {
                Model = opened.Manifest.Hash,
                MaxLoss = 0.02,
                Confidence = 0.9,
                Labelled = false,
                Limits = [0.5f, 0.5f],
                DiffersAtMost = 0.1,
                Samples = 400,
                Losses = 1,
                Source = "random:1",
            });
        }

        QuantiseReport report = _run.Run(_run.Options(package, Pictures()));

        Assert.Contains(report.Notes, note => note.EndsWith("--max-loss 2 --confidence 90", StringComparison.Ordinal));
    }

    [Fact]
    public void Run_NetworkThatQuantisesAsItRuns_IsRefused()
    {
        var b = new OnnxBuilder(6);
        string x = b.Input("x", 1, 16);
        b.Graph.Node.Add(new NodeProto { OpType = "DynamicQuantizeLinear", Name = "dynamic", Input = { x }, Output = { "u", "scale", "zero" } });
        b.Graph.Initializer.Add(new TensorProto
        {
            Name = "int8",
            DataType = ElementType.Int8,
            Dims = { 16, 8 },
            RawData = ByteString.CopyFrom([.. Enumerable.Range(0, 128).Select(i => (byte)(sbyte)((i % 15) - 7))]),
        });
        string sums = b.Node("MatMulInteger", ["u", "int8", "zero"]);
        string numbers = b.Node("Mul", [b.Node("Cast", [sums], null, OnnxBuilder.Int("to", ElementType.Float)), "scale"]);
        b.Gemm(b.Relu(numbers), 8, 5, "logits");
        b.Output("logits");
        QuantiseOptions options = _run.Options(_run.Prepare(b.Bytes), _run.Tensors(16));

        Assert.Contains("quantised already", Assert.Throws<InvalidDataException>(() => _run.Run(options)).Message);
    }

    string Chain() => _run.Prepare(Graphs.Make("chain").Bytes);

    DataSpec Pictures() => _run.Tensors(3 * 8 * 8);

    /// <summary>The package answers as its file does, and about as float32.</summary>
    void CheckScores(OnnxBuilder b, int elements, int layers, double mostChange = 0.05)
    {
        string package = _run.Prepare(b.Bytes);
        QuantiseOptions options = _run.Options(package, _run.Tensors(elements));
        QuantiseReport report = _run.Run(options);
        var random = new Random(31);
        float[][] inputs = [.. Enumerable.Range(0, 6).Select(_ => Enumerable.Range(0, elements).Select(_ => (float)random.NextDouble()).ToArray())];
        float[][][] whole = PackageAnswers.OfFile(options.OnnxFile!, package, inputs), floats = PackageAnswers.OfFloat(package, inputs);

        Assert.Equal(layers, report.Layers);
        Assert.True(PackageAnswers.Difference(options.Folder, inputs, whole) <= 1e-4);
        double square = floats.SelectMany(x => x[0]).Sum(x => x * x);
        double change = floats.SelectMany(x => x[0]).Zip(whole.SelectMany(x => x[0])).Sum(x => Math.Pow(x.First - x.Second, 2));
        Assert.True(Math.Sqrt(change / square) <= mostChange, $"root of the mean square {Math.Sqrt(change / square)}");
    }
}
