using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Profiling;
using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Tests.Models.Onnx;
using EdgeML.Training.Branching;
using EdgeML.Training.Data;
using Google.Protobuf;

namespace EdgeML.Training.Tests.Branching;

public sealed class ExitTrainerTests(ITestOutputHelper output) : IDisposable
{
    readonly BranchRun _run = new();

    public void Dispose() => _run.Dispose();

    public static TheoryData<string, int> Networks()
    {
        var data = new TheoryData<string, int>();
        foreach (string name in Graphs.All.Keys.Concat(Graphs.Larger.Keys))
            foreach (int opset in (int[])[9, 17, 21])
                if (Opsets.Has(opset, name)) data.Add(name, opset);
        return data;
    }

    [Theory]
    [MemberData(nameof(Networks))]
    public void Run_AnyKindOfNetwork_ThePackageAnswersAsItsHeadsWereTrained(string name, int opset)
    {
        BranchOptions options = Options(name, opset);
        BranchReport report = _run.Run(options);
        output.WriteLine($"{name}: {string.Join("; ", report.Heads.Select(h => $"unit {h.Plan.AfterUnit} {h.PooledTo} {h.Shape}"))}");
        foreach (string note in report.Notes) output.WriteLine(note);

        using BranchedModel model = BranchedModel.Load(options.Folder);
        Assert.Equal(report.Heads.Count + 1, model.Manifest.Exits.Count);
        Assert.NotNull(model.Package.Calibration);
        using var file = new FeatureFile(
            Path.Combine(options.Work!, "features.bin"), BranchRun.Samples, 5, [.. report.Heads.Select(h => h.Plan.Features)]);
        using var network = new FullNetwork(model);
        using ImageSource source = options.Data.Open(model.Manifest.Input.Shape);
        var tensor = new float[source.Elements];
        float tolerance = Graphs.Tolerance(name, 1e-3f);
        for (int sample = 0; sample < 4; sample++)
        {
            source.ReadTensor(sample, tensor);
            network.Run(tensor);
            for (int head = 0; head < report.Heads.Count; head++)
                Close(report.Heads[head].Score(file, head, [sample]), network.Logits(head + 1), tolerance, $"exit {head + 1}");
            Close(file.FinalScores(sample), network.Logits(report.Heads.Count + 1), tolerance, "final");
        }
    }

    public static TheoryData<string> Forms => [.. FileForms.Names];

    [Theory]
    [MemberData(nameof(Forms))]
    public void Run_AnyFormOfTheFile_LearnsTheSameExits(string form)
    {
        IReadOnlyList<TrainedHead> usual = _run.Run(Options("residual", 17)).Heads, changed = _run.Run(Options("residual", 17, form)).Heads;

        Assert.Equal(usual.Select(h => h.Plan.AfterUnit), changed.Select(h => h.Plan.AfterUnit));
        if (form == "half-weights") return; // other features, though hardly so
        for (int h = 0; h < usual.Count; h++) Close(usual[h].Layers[0].Weights, changed[h].Layers[0].Weights, 1e-3f, $"exit {h + 1}");
    }

    [Fact]
    public void Run_SameSeed_IsTheSameModel_AnotherSeedIsNot()
    {
        BranchOptions options = Options("chain", 17) with { Threads = 1 };
        string first = _run.Run(options).Manifest.Hash;
        string again = _run.Run(options with { Threads = 3, Work = _run["other"], Folder = _run["again"] }).Manifest.Hash;
        string other = _run.Run(options with { Seed = 2, Folder = _run["seed"] }).Manifest.Hash;

        Assert.Equal(first, again);
        Assert.NotEqual(first, other);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(20)]
    public void Run_Interrupted_LeavesNoPackageAndGoesOnToTheSameModel(int reports)
    {
        BranchOptions options = Options("residual", 17) with { Work = null };
        _run.RunUntil(options, reports);

        Assert.False(Directory.Exists(options.Folder));
        Assert.True(Directory.Exists(options.Folder + ".work"));
        string resumed = _run.Run(options).Manifest.Hash;
        Assert.False(Directory.Exists(options.Folder + ".work"));
        Assert.Equal(_run.Run(options with { Folder = _run["whole"] }).Manifest.Hash, resumed);
        Assert.DoesNotContain(Directory.EnumerateFileSystemEntries(_run[""]), f => f.EndsWith(".tmp", StringComparison.Ordinal));
    }

    [Fact]
    public void Run_WorkOfOtherSamples_BeginsAnew()
    {
        BranchOptions options = Options("chain", 17), others = options with { Data = _run.Tensors(192, seed: 8), Folder = _run["others"] };
        _run.Run(options);
        string mixed = _run.Run(others).Manifest.Hash;

        Assert.Equal(_run.Run(others with { Work = null }).Manifest.Hash, mixed);
    }

    [Fact]
    public void Run_OnnxAsked_KeepsBatchAndOutputsOfTheFile()
    {
        BranchOptions options = Options("chain", 17) with { OnnxFile = _run["branched.onnx"] };
        BranchReport report = _run.Run(options);
        GraphProto graph = ModelProto.Parser.ParseFrom(File.ReadAllBytes(_run["branched.onnx"])).Graph;

        Assert.Equal("n", graph.Input[0].Type.TensorType.Shape.Dim[0].DimParam);
        Assert.Equal(report.Manifest.Exits.Select(e => e.Name), graph.Output.Select(o => o.Name));
        Assert.Equal("n", graph.Output[0].Type.TensorType.Shape.Dim[0].DimParam);
    }

    [Theory]
    [InlineData("several", "m.onnx: 3 outputs (exit1, exit2, logits); choose the one with the class scores by --output")]
    [InlineData("scores", "m.onnx: output 'relu1_out' is float32 1x8x8x8, not the scores of a classifier; choose outputs with --exits and --final")]
    [InlineData("two-inputs", "m.onnx: the model has 2 inputs (image, more), one is supported")]
    [InlineData("nan", "m.onnx: weight 'w5' holds NaN at element 0 of 40")]
    [InlineData("bytes", "m.onnx: input 'image' is uint8, only float32 is supported")]
    [InlineData("open-size", "m.onnx: dimension 3 of input 'image' is open; give the shape, for instance --input-shape")]
    [InlineData("cut-off", "m.onnx: not an ONNX model, or one cut off")]
    [InlineData("overflow", "m makes NaN or infinity of sample ")]
    [InlineData("few", "99 samples of ")]
    [InlineData("labels", "has no labels; take --labels none")]
    [InlineData("one-unit", "m has no place for an exit")]
    public void Run_WhatCannotWork_SaysWhatAndWhereInOneLine(string fault, string message)
    {
        BranchOptions options = Options("chain", 17);
        OnnxBuilder builder = Graphs.All["chain"]();
        switch (fault)
        {
            case "several": options = options with { Output = null }; break;
            case "scores":
                builder.Output("relu1_out");
                options = options with { Output = "relu1_out" };
                break;
            case "two-inputs":
                builder.Node("Add", ["logits", builder.Input("more", 1, 5)], "sum");
                builder.Output("sum");
                options = options with { Output = "sum" };
                break;
            case "nan":
                TensorProto weight = builder.Graph.Initializer.First(w => w.Name == "w5");
                byte[] bytes = weight.RawData.ToByteArray();
                BitConverter.TryWriteBytes(bytes, float.NaN);
                weight.RawData = ByteString.CopyFrom(bytes);
                break;
            case "bytes": builder.Graph.Input[0].Type.TensorType.ElemType = 2; break;
            case "open-size": builder.Graph.Input[0].Type.TensorType.Shape.Dim[3].ClearValue(); break;
            case "overflow":
                // Finite weights, whose products are not.
                foreach (TensorProto filters in builder.Graph.Initializer.Where(w => w.Dims.Count == 4 && w.Dims[2] == 3))
                    filters.RawData = ByteString.CopyFrom([.. Enumerable.Repeat(BitConverter.GetBytes(1e30f),
                        filters.RawData.Length / 4).SelectMany(b => b)]);
                break;
            case "few": options = options with { Count = 99 }; break;
            case "labels": options = options with { UseLabels = true }; break;
            case "one-unit":
                builder = new OnnxBuilder();
                builder.Gemm(builder.Input("x", 1, 192), 192, 5, "logits");
                builder.Output("logits");
                break;
        }
        _run.Write("m.onnx", fault == "cut-off" ? builder.Bytes[..(builder.Bytes.Length / 2)] : builder.Bytes);
        Exception error = Assert.ThrowsAny<Exception>(() => _run.Run(options));

        output.WriteLine(error.Message);
        Assert.True(error is InvalidDataException or ArgumentException, error.GetType().Name);
        Assert.Contains(message, error.Message);
        Assert.DoesNotContain('\n', error.Message);
        Assert.False(Directory.Exists(options.Folder));
    }

    BranchOptions Options(string name, int opset, string? form = null)
    {
        OnnxBuilder builder = Graphs.Make(name);
        Opsets.Change(builder.Model, opset);
        if (form is not null) FileForms.Change(builder.Model, form, _run[""]);
        string file = _run.Write("m.onnx", builder.Bytes);
        int elements = name == "half" ? 48 : 192;
        return new BranchOptions(file, _run.Tensors(elements), _run["package"])
        {
            Output = builder.Graph.Output[^1].Name is "scores2" ? "probabilities" : Deepest(builder.Graph),
            Exits = 2,
            HeadBudget = 20,
            LeastSteps = 24,
            Work = _run["work"],
        };
    }

    static string Deepest(GraphProto graph) =>
        graph.Output.Select(o => o.Name).MaxBy(name => graph.Node.ToList().FindIndex(n => n.Output.Contains(name)))!;

    static void Close(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, float tolerance, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            float allowed = tolerance * Math.Max(1, MathF.Abs(expected[i]));
            Assert.True(MathF.Abs(expected[i] - actual[i]) <= allowed, $"{what}: score {i} is {actual[i]}, {expected[i]} expected");
        }
    }
}
