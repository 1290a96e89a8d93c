using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Models.Packages;
using EdgeML.Native.Preparation;
using EdgeML.Native.Preparation.Options;
using EdgeML.Native.Tests.Models.Onnx;
using EdgeML.Training.Data;
using EdgeML.Training.Quantisation;

namespace EdgeML.Training.Tests.Quantisation;

public sealed class NetworkQuantiserTests(ITestOutputHelper output) : IDisposable
{
    readonly QuantiseRun _run = new();

    public void Dispose() => _run.Dispose();

    public static TheoryData<string, int> Networks()
    {
        var data = new TheoryData<string, int>();
        foreach (string name in Graphs.All.Keys.Concat(Graphs.Larger.Keys).Where(name => !name.StartsWith("half", StringComparison.Ordinal)))
            foreach (int opset in (int[])[9, 17, 21])
                if (Opsets.Has(opset, name)) data.Add(name, opset);
        return data;
    }

    [Theory]
    [MemberData(nameof(Networks))]
    public void Run_AnyKindOfNetwork_EveryCutAnswersAsOneSessionDoesAndAboutAsFloat32(string name, int opset)
    {
        OnnxBuilder builder = Graphs.Make(name);
        Opsets.Change(builder.Model, opset);

        Check(_run.Prepare(builder.Bytes), mostChange: 0.05);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    public void Run_RandomNetwork_EveryCutAnswersAsOneSessionDoesAndAboutAsFloat32(int seed)
    {
        output.WriteLine($"seed {seed}");
        string package = _run.Prepare(RandomNetwork.Make(seed));

        Check(package, mostChange: 0.05);
    }

    void Check(string package, double mostChange)
    {
        ModelManifest before = Manifest(package);
        QuantiseOptions options = _run.Options(package, _run.Tensors(before.Input.Elements));
        QuantiseReport report = _run.Run(options);
        foreach (string note in report.Notes) output.WriteLine(note);
        ModelManifest after = Manifest(options.Folder);
        float[][] inputs = Inputs(before, 6);

        float[][][] whole = PackageAnswers.OfFile(options.OnnxFile!, package, inputs), floats = PackageAnswers.OfFloat(package, inputs);
        double difference = PackageAnswers.Difference(options.Folder, inputs, whole), change = Change(floats, whole);
        output.WriteLine($"{report.Layers} layers, {100 * report.IntegerShare:0} %, float32: {string.Join(", ", report.FloatLayers.Select(l => $"{l.Name} ({l.Why})"))}");
        output.WriteLine($"cuts {string.Join(' ', after.Cuts.Select(c => c.Type))}; differs {difference:0.0e+0}, changed by {change:0.000}");

        Assert.Equal(before.Exits.Select(e => (e.Name, e.Index)), after.Exits.Select(e => (e.Name, e.Index)));
        Assert.Equal(EngineOptimization.Default, after.Engines.Optimization);
        Assert.Equal(before.Preprocessing, after.Preprocessing);
        Assert.True(difference <= 1e-4, $"{difference} of the largest score");
        Assert.True(change <= mostChange, $"root of the mean square {change}");
    }

    [Fact]
    public void Run_ShippedNetwork_LosesLittleAndSendsAByteAnElement()
    {
        ModelPreparation.Prepare(ProjectFolders.ShippedModel!, _run["float"]);
        var options = new QuantiseOptions(_run["float"], DataSpec.Parse("shapes:seed=21,difficulty=mixed"), _run["int8"])
        {
            Samples = 128,
            TestSamples = 400,
            MaxLoss = 3, // a sample is a quarter of a point
        };

        QuantiseReport report = _run.Run(options);

        ModelManifest after = Manifest(options.Folder);
        output.WriteLine(string.Join(", ", report.Exits.Select(e => $"{e.Name} {100 * e.FloatAccuracy:0.0} -> {100 * e.Accuracy:0.0} %")));
        output.WriteLine($"{report.Times.FirstMs:0.000} ms, {report.Times.SecondMs:0.000} ms, {IntegerInstructions.Name}");
        Assert.True(report.Labelled);
        Assert.Empty(report.FloatLayers);
        Assert.All(report.Exits, exit => Assert.InRange(exit.Lost, -1, 0.03));
        Assert.All(after.Cuts.Skip(1).SkipLast(1), cut => Assert.Equal("uint8", cut.Type));
        Assert.All(after.Cuts.Skip(1).SkipLast(1), cut => Assert.Equal(after.BoundaryElements(cut.K), cut.Bytes));
        Assert.True(report.Bytes < 0.35 * report.FloatBytes);
        using ModelPackage package = ModelPackage.Open(options.Folder);
        Assert.Equal(400, package.Calibration!.Samples);
    }

    [Fact]
    public void Run_MoreLostThanAllowed_NamesTheNumbersAndWritesNothing()
    {
        string package = _run.Prepare(Graphs.Make("chain").Bytes);
        QuantiseOptions options = _run.Options(package, _run.Tensors(3 * 8 * 8)) with { MaxLoss = 1e-9, MostFloat = 0, OnnxFile = null, TestSamples = 80 };
        // Answers of random weights are so close that rounding changes some of 80.
        Exception refused = Assert.Throws<ArgumentException>(() => _run.Run(options with { Method = RangeMethod.Percentile, Samples = 16, Test = _run.Tensors(3 * 8 * 8, seed: 9, samples: 4000), TestSamples = 4000 }));

        output.WriteLine(refused.Message);
        Assert.Matches(@"int8 loses \d+\.\d\d points at exit '\w+' \(.* 4000 samples of .*--max-loss is 0", refused.Message);
        Assert.False(Path.Exists(options.Folder));
        Assert.Empty(Directory.GetFileSystemEntries(Path.GetDirectoryName(options.Folder)!, ".*"));
    }

    [Fact]
    public void Run_ALayerThatLosesTooMuch_StaysFloat32OnItsOwnAccount()
    {
        // One channel is a thousand times larger than those that the answer follows from.
        var b = new OnnxBuilder(8);
        float[] uneven = [.. Enumerable.Range(0, 8 * 8).Select(i => i / 8 == 0 ? 1000f : (((i * 37) % 17) - 8) / 8f)];
        string x = b.Relu(b.Gemm(b.Input("x", 1, 16), 16, 8));
        x = b.Relu(b.Node("Gemm", [x, b.Weight([8, 8], uneven)], null, OnnxBuilder.Int("transB", 1)));
        float[] even = [.. Enumerable.Range(0, 5 * 8).Select(i => i % 8 == 0 ? 0 : (((i * 29) % 13) - 6) / 6f)];
        b.Node("Gemm", [x, b.Weight([5, 8], even)], "logits", OnnxBuilder.Int("transB", 1));
        b.Output("logits");
        string package = _run.Prepare(b.Bytes);
        QuantiseOptions options = _run.Options(package, _run.Tensors(16, samples: 1200)) with { Samples = 200, TestSamples = 1000, MaxLoss = 5, MostFloat = 2 };

        string refused = Assert.Throws<ArgumentException>(() => _run.Run(options with { MostFloat = 0 })).Message;
        QuantiseReport report = _run.Run(options);

        output.WriteLine(refused);
        output.WriteLine(string.Join(", ", report.FloatLayers.Select(l => $"{l.Name}: {l.Why}")));
        Assert.Contains("--max-loss is 5", refused, StringComparison.Ordinal);
        Assert.Contains(report.FloatLayers, layer => layer.Why.StartsWith("too much is lost", StringComparison.Ordinal));
        Assert.True(report.Exits[0].Lost <= 0.05);
        Assert.False(report.Labelled);
    }

    /// <summary>While samples are read, of which there are 80 for calibration and two times 80 for the test, and while the package is made.</summary>
    [Theory]
    [InlineData(100)]
    [InlineData(241)]
    public void Run_Interrupted_LeavesNothing(int reports)
    {
        string package = _run.Prepare(Graphs.Make("residual").Bytes);
        QuantiseOptions options = _run.Options(package, _run.Tensors(3 * 8 * 8));

        _run.RunUntil(options, reports);

        Assert.False(Path.Exists(options.Folder));
        Assert.False(Path.Exists(options.OnnxFile));
        Assert.Empty(Directory.GetFileSystemEntries(Path.GetDirectoryName(options.Folder)!, ".*"));
    }

    [Fact]
    public void Run_SkippedLayers_StayFloat32()
    {
        string package = _run.Prepare(Graphs.Make("chain").Bytes);
        ModelManifest before = Manifest(package);
        string[] skipped = [before.Units[0].Name, before.Units[^1].Name];
        QuantiseOptions options = _run.Options(package, _run.Tensors(before.Input.Elements)) with { Skip = skipped };

        QuantiseReport report = _run.Run(options);

        Assert.Equal(skipped.Order(), report.FloatLayers.Select(l => l.Name).Order());
        Assert.All(report.FloatLayers, layer => Assert.Equal("as asked", layer.Why));
        float[][] inputs = Inputs(before, 4);
        Assert.True(PackageAnswers.Difference(options.Folder, inputs, PackageAnswers.OfFile(options.OnnxFile!, package, inputs)) <= 1e-4);
        Assert.Contains("no layer", Assert.Throws<ArgumentException>(() => _run.Run(options with { Skip = ["conv99"] })).Message);
    }

    [Fact]
    public void Run_PackageWithAnExitRule_KeepsIt()
    {
        ModelPreparation.Prepare(ProjectFolders.ShippedModel!, _run["float"], new PrepareOptions { ExitRule = ExitRule.Parse("margin") });
        var options = new QuantiseOptions(_run["float"], DataSpec.Parse("shapes:seed=22"), _run["int8"]) { Samples = 16, TestSamples = 50, MaxLoss = 100 };

        _run.Run(options);

        Assert.Equal(ExitRule.Parse("margin"), Manifest(options.Folder).ExitRule);
    }

    [Fact]
    public void Run_AQuantisedPackage_IsRefused()
    {
        string package = _run.Prepare(Graphs.Make("chain").Bytes);
        QuantiseOptions options = _run.Options(package, _run.Tensors(3 * 8 * 8));
        _run.Run(options);

        Assert.Contains("quantised already", Assert.Throws<InvalidDataException>(() => _run.Run(options with { Package = options.Folder, Folder = _run["again"] })).Message);
        Assert.Contains("another folder", Assert.Throws<ArgumentException>(() => _run.Run(options with { Folder = package })).Message);
    }

    static ModelManifest Manifest(string folder)
    {
        using ModelPackage package = ModelPackage.Open(folder);
        return package.Manifest;
    }

    static float[][] Inputs(ModelManifest manifest, int count)
    {
        var random = new Random(31);
        return [.. Enumerable.Range(0, count).Select(_ => Enumerable.Range(0, manifest.Input.Elements).Select(_ => (float)random.NextDouble()).ToArray())];
    }

    /// <summary>Root of the mean squared change as a part of the scores.</summary>
    static double Change(float[][][] before, float[][][] after)
    {
        double square = 0, change = 0;
        for (int i = 0; i < before.Length; i++)
            for (int e = 0; e < before[i].Length; e++)
                for (int c = 0; c < before[i][e].Length; c++)
                {
                    square += Math.Pow(before[i][e][c], 2);
                    change += Math.Pow(after[i][e][c] - before[i][e][c], 2);
                }
        return Math.Sqrt(change / square);
    }
}
