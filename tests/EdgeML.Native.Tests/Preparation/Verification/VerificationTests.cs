using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Interop;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Models.Packages;
using EdgeML.Native.Preparation;
using EdgeML.Native.Preparation.Graph;
using EdgeML.Native.Preparation.Options;
using EdgeML.Native.Preparation.Verification;
using EdgeML.Native.Tests.Models;
using EdgeML.Native.Tests.Models.Onnx;
using EdgeML.Native.Tests.Preparation.Graph;
using Google.Protobuf;

namespace EdgeML.Native.Tests.Preparation.Verification;

/// <summary>What <c>prepare</c> writes answers as the file does, whole and at every cut, or it is refused.</summary>
public sealed class VerificationTests(ITestOutputHelper output) : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>Networks that ONNX Runtime answers wrongly, or not at all, when weights are shared or optimised as they were once.</summary>
    static readonly Dictionary<string, (Func<OnnxBuilder> Make, double Tolerance)> s_delicate = new()
    {
        ["tokens 24x32"] = (() => Tokens(24, 32), 1e-4),
        ["tokens 5x300"] = (() => Tokens(5, 300), 1e-4),
        ["nhwc 256"] = (() => ChannelsLast(256), 1e-4),
        ["nhwc 257"] = (() => ChannelsLast(257), 1e-4),
        ["pad before maxpool"] = (() => Padded(1, 3, "MaxPool"), 1e-4),
        ["pad as wide as maxpool"] = (() => Padded(2, 2, "MaxPool"), 1e-4),
        ["pad before averagepool"] = (() => Padded(1, 3, "AveragePool"), 1e-4),
        ["layer norm float16 768"] = (() => HalfNorm(768), 2e-3),
        ["weight read twice"] = (ReadTwice, 1e-4),
    };

    public static TheoryData<string> Delicate => [.. s_delicate.Keys];

    static OnnxBuilder Tokens(int tokens, int width)
    {
        var b = new OnnxBuilder(31);
        string x = b.Input("x", -1, width, tokens);
        x = b.Node("Transpose", [x], null, OnnxBuilder.Ints("perm", 0, 2, 1));
        x = b.Node("Add", [x, b.Weight(1, 1, tokens, width)]);
        x = b.Node("Transpose", [x], null, OnnxBuilder.Ints("perm", 0, 2, 1));
        x = b.Node("Softmax", [x], null, OnnxBuilder.Int("axis", -1));
        string mean = b.Node("ReduceMean", [x], null, OnnxBuilder.Ints("axes", 2), OnnxBuilder.Int("keepdims", 0));
        b.Node("MatMul", [mean, b.Weight(1, width, 5)], "exit1");
        x = b.Node("Transpose", [x], null, OnnxBuilder.Ints("perm", 0, 2, 1));
        x = b.Node("MatMul", [x, b.Weight(0.3, width, width)]);
        x = b.Node("Transpose", [b.Node("Mul", [x, b.Weight(1, 1, tokens, width)])], null, OnnxBuilder.Ints("perm", 0, 2, 1));
        mean = b.Node("ReduceMean", [x], null, OnnxBuilder.Ints("axes", 2), OnnxBuilder.Int("keepdims", 0));
        b.Node("MatMul", [mean, b.Weight(1, width, 5)], "logits");
        b.Output("exit1", "logits");
        return b;
    }

    static OnnxBuilder ChannelsLast(int channels)
    {
        var b = new OnnxBuilder(32);
        string x = b.ConvRelu(b.Input("x", -1, 3, 8, 16), 3, channels);
        x = b.Node("Transpose", [x], null, OnnxBuilder.Ints("perm", 0, 2, 3, 1));
        x = b.Node("Mul", [x, b.Weight(1, channels)]);
        x = b.Node("Transpose", [x], null, OnnxBuilder.Ints("perm", 0, 3, 1, 2));
        b.Head(x, channels, 5, "logits");
        b.Output("logits");
        return b;
    }

    static OnnxBuilder Padded(int pad, int kernel, string pool)
    {
        var b = new OnnxBuilder(33);
        string x = b.Conv(b.Input("x", -1, 3, 16, 16), 3, 8);
        x = b.Node("Sub", [x, b.Weight([1, 8, 1, 1], [1, 1, 1, 1, 1, 1, 1, 1])]); // below zero, where zeros are the maximum
        x = b.Node("Pad", [x, b.Integers(0, 0, pad, pad, 0, 0, pad, pad)]);
        x = b.Node(pool, [x], null, OnnxBuilder.Ints("kernel_shape", kernel, kernel), OnnxBuilder.Ints("strides", 2, 2));
        b.Head(x, 8, 5, "exit1");
        b.Head(b.ConvRelu(x, 8, 8), 8, 5, "logits");
        b.Output("exit1", "logits");
        return b;
    }

    static OnnxBuilder HalfNorm(int width)
    {
        var b = new OnnxBuilder(34);
        string Half(string weight)
        {
            TensorProto tensor = b.Graph.Initializer.First(w => w.Name == weight);
            Half[] values = Array.ConvertAll(
                System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(tensor.RawData.Span).ToArray(), x => (Half)x);
            tensor.DataType = ElementType.Float16;
            tensor.RawData = ByteString.CopyFrom(System.Runtime.InteropServices.MemoryMarshal.AsBytes<Half>(values));
            return weight;
        }
        string x = b.Node("Cast", [b.Input("x", -1, width)], null, OnnxBuilder.Int("to", ElementType.Float16));
        x = b.Node("LayerNormalization", [x, Half(b.Weight(1, width)), Half(b.Weight(0.1, width))], null, OnnxBuilder.Int("axis", -1));
        x = b.Node("MatMul", [x, Half(b.Weight(0.05, width, 8))]);
        b.Node("Cast", [x], "logits", OnnxBuilder.Int("to", ElementType.Float));
        b.Output("logits");
        return b;
    }

    /// <summary>A matrix that a product reads as its weights and an addition as a tensor.</summary>
    static OnnxBuilder ReadTwice()
    {
        var b = new OnnxBuilder(35);
        string x = b.Input("x", -1, 24, 24), w = b.Weight(0.4, 24, 24);
        x = b.Node("Transpose", [x], null, OnnxBuilder.Ints("perm", 0, 2, 1));
        x = b.Node("Transpose", [b.Node("Add", [x, w])], null, OnnxBuilder.Ints("perm", 0, 2, 1));
        x = b.Relu(b.Node("MatMul", [x, w]));
        b.Gemm(b.Flatten(x), 576, 5, "logits");
        b.Output("logits");
        return b;
    }

    static string Bytes(OnnxBuilder b, sbyte[] values, int type, params long[] dims)
    {
        string name = $"q{b.Graph.Initializer.Count}";
        b.Graph.Initializer.Add(new TensorProto
        {
            Name = name,
            DataType = type,
            Dims = { dims },
            RawData = ByteString.CopyFrom(System.Runtime.InteropServices.MemoryMarshal.AsBytes<sbyte>(values)),
        });
        return name;
    }

    static OnnxBuilder Integers(int channels)
    {
        var b = new OnnxBuilder(36);
        var random = new Random(36);
        string Scale(float value) => b.Weight([], [value]);
        string Filter(int to, int from) => Bytes(
            b, [.. Enumerable.Range(0, to * from * 9).Select(_ => (sbyte)random.Next(-100, 100))], ElementType.Int8, to, from, 3, 3);
        string zero = Bytes(b, [0], ElementType.UInt8), middle = Bytes(b, [-128], ElementType.UInt8), none = Bytes(b, [0], ElementType.Int8);
        string scale = Scale(0.05f), first = Scale(0.02f), weights = Scale(0.003f);
        string x = b.Node("QuantizeLinear", [b.Input("x", -1, 3, 8, 8), scale, middle]);
        x = b.Node("QLinearConv", [x, scale, middle, Filter(8, 3), weights, none, first, zero], null,
            OnnxBuilder.Ints("kernel_shape", 3, 3), OnnxBuilder.Ints("pads", 1, 1, 1, 1));
        x = b.Node("QLinearConv", [x, first, zero, Filter(channels, 8), weights, none, first, zero], null,
            OnnxBuilder.Ints("kernel_shape", 3, 3), OnnxBuilder.Ints("pads", 1, 1, 1, 1));
        b.Head(b.Node("DequantizeLinear", [x, first, zero]), channels, 5, "logits");
        b.Output("logits");
        return b;
    }

    [Theory]
    [MemberData(nameof(Delicate))]
    public void Prepare_DelicateNetwork_AnswersAsTheFileAtEveryCut(string name)
    {
        (Func<OnnxBuilder> make, double tolerance) = s_delicate[name];
        string file = _folder.Write("m.onnx", make().Bytes);
        PreparedModel prepared = ModelPreparation.Prepare(file, _folder["p"]);
        Assert.Equal(EngineSettings.Fastest, prepared.Manifest.Engines);

        using ModelPackage package = ModelPackage.Open(_folder["p"]);
        ModelManifest manifest = package.Manifest;
        var random = new Random(37);
        float[][] inputs = [.. Enumerable.Range(0, 3).Select(_ => Enumerable.Range(0, manifest.Input.Elements)
            .Select(_ => (random.NextSingle() * 4) - 2).ToArray())];
        ModelProto model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(file));
        string[] tensors = [.. manifest.Exits.Select(e => e.Tensor)];
        using ReferenceNetwork reference = ReferenceNetwork.Open(
            model, _folder.Path, [new NamedTensor("x", [.. package.BoundaryDims(0).Select(d => (int)d)], "float32", 0)], tensors);
        using var network = new DividedNetwork(package, manifest.Engines, default);
        double worst = 0;
        foreach (Division division in Division.All(manifest))
        {
            network.Run(division, inputs, i =>
            {
                foreach (ExitInfo exit in manifest.Exits)
                {
                    if (!division.Computes(exit, manifest)) continue;
                    float[] expected = reference.Run(inputs[i])[exit.Tensor];
                    double difference = ScoreComparison.Difference(expected, network.Logits(exit.Index)) / expected.Max(Math.Abs);
                    worst = Math.Max(worst, difference);
                    Assert.True(difference <= tolerance, $"{division}, {exit.Name}: {difference}");
                }
            });
        }
        output.WriteLine($"{name}: {manifest.Units.Count} units, worst {worst:0.0e+0}");
    }

    [Theory]
    [InlineData(8)]
    [InlineData(16)]
    public void Prepare_IntegerConvolutions_CanBeOpenedAndGiveTheSameBitsAtEveryCut(int channels)
    {
        ModelManifest manifest = ModelPreparation.Prepare(_folder.Write("m.onnx", Integers(channels).Bytes), _folder["p"]).Manifest;
        using ModelPackage package = ModelPackage.Open(_folder["p"]);
        using var network = new DividedNetwork(package, manifest.Engines, default);
        var random = new Random(38);
        float[] input = [.. Enumerable.Range(0, manifest.Input.Elements).Select(_ => (random.NextSingle() * 8) - 4)];
        var answers = new List<float[]>();
        foreach (Division division in Division.All(manifest))
            network.Run(division, [input], _ => answers.Add(network.Logits(1).ToArray()));
        Assert.All(answers, logits => Assert.Equal(answers[0], logits));
        Assert.All(answers[0], logit => Assert.True(float.IsFinite(logit)));
    }

    [Fact]
    public void Verify_FileWithAnotherWeight_IsRefusedWithUnitAndDifference()
    {
        OnnxBuilder builder = Graphs.All["residual"]();
        ModelPreparation.Prepare(_folder.Write("m.onnx", builder.Bytes), _folder["p"]);
        ModelProto other = builder.Model.Clone();
        NodeProto conv = other.Graph.Node.First(n => n.OpType == "Conv");
        TensorProto weight = other.Graph.Initializer.First(w => w.Name == conv.Input[1]);
        byte[] bytes = weight.RawData.ToByteArray();
        for (int i = 0; i < bytes.Length / 2; i++) bytes[i] = 0;
        weight.RawData = ByteString.CopyFrom(bytes);
        string file = _folder.Write("other.onnx", other.ToByteArray());

        string message = Assert.Throws<InvalidDataException>(
            () => new PackageVerifier().Verify(_folder["p"], file, Classify("m.onnx"), new PrepareOptions())).Message;

        output.WriteLine(message);
        Assert.StartsWith("other.onnx: the whole network", message);
        Assert.Contains("exit 'early' differs by ", message);
        Assert.Contains($"the first unit to differ is 1 ('{conv.Name}'", message);
        Assert.DoesNotContain('\n', message);
    }

    [Theory]
    [InlineData("none", EngineOptimization.None)]
    [InlineData("shared", EngineOptimization.Default)]
    [InlineData("joined", EngineOptimization.Default)]
    public void Verify_EnginesThatAnswerWrongly_OthersAreChosenAndRecorded(string wrong, EngineOptimization optimization)
    {
        string file = _folder.Write("m.onnx", Graphs.All["chain"]().Bytes);
        ModelPreparation.Prepare(file, _folder["p"]);
        Classifier model = Classify("m.onnx");
        var verifier = new PackageVerifier
        {
            Alter = (settings, division, logits) =>
            {
                bool alters = wrong switch
                {
                    "none" => settings.Optimization != EngineOptimization.None,
                    "shared" => settings.SharedWeights,
                    _ => settings.JoinedPlans && division is { Exits: > 0, Fusion: Fusion.Now },
                };
                if (alters) logits[0] += 0.01f;
            },
        };

        ModelManifest manifest = verifier.Verify(_folder["p"], file, model, new PrepareOptions());

        string note = Assert.Single(model.Notes);
        output.WriteLine(note);
        Assert.Contains("engines are made", note);
        Assert.Equal(optimization, manifest.Engines.Optimization);
        Assert.Equal(wrong == "joined", manifest.Engines.SharedWeights);
        Assert.False(manifest.Engines.JoinedPlans);
        using BranchedModel loaded = BranchedModel.Load(_folder["p"]); // which opens it as it was verified
        Assert.Equal(manifest.Engines, loaded.Manifest.Engines);
        Assert.False(loaded.JoinsPlans);
    }

    [Fact]
    public void Verify_WrongAtOneCutAlone_IsRefusedByTheNameOfTheCut()
    {
        string file = _folder.Write("m.onnx", Graphs.All["chain"]().Bytes);
        ModelManifest manifest = ModelPreparation.Prepare(file, _folder["p"]).Manifest;
        var verifier = new PackageVerifier
        {
            Alter = (_, division, logits) =>
            {
                if (division.Cut == 2) logits[^1] = float.NaN;
            },
        };
        string message = Assert.Throws<InvalidDataException>(
            () => verifier.Verify(_folder["p"], file, Classify("m.onnx"), new PrepareOptions())).Message;
        output.WriteLine(message);
        Assert.Contains($"the network cut at 2 ('{manifest.Cuts[2].Tensor}')", message);
    }

    [Fact]
    public void Verify_EngineRefuses_TheReasonIsKeptAndThePlaceInItsCodeIsNot()
    {
        string file = _folder.Write("m.onnx", Graphs.All["chain"]().Bytes);
        ModelPreparation.Prepare(file, _folder["p"]);
        var verifier = new PackageVerifier
        {
            Alter = (_, _, _) => throw new NativeException(
                NativeStatus.ModelRejected, string.Join(' ', Enumerable.Repeat("place::in::code", 60)) + " the reason"),
        };

        string message = Assert.Throws<InvalidDataException>(
            () => verifier.Verify(_folder["p"], file, Classify("m.onnx"), new PrepareOptions())).Message;

        output.WriteLine(message);
        Assert.Contains("the reason", message);
        Assert.True(message.Length < 480, message);
    }

    [Fact]
    public void Verify_QuantisedNetworkDiffers_SaysTheRuleOfQuantisedNetworks()
    {
        string file = _folder.Write("m.onnx", QuantisedGraphs.All["qdq uint8"]().Bytes);
        ModelPreparation.Prepare(file, _folder["p"]);
        var verifier = new PackageVerifier { Alter = (_, _, logits) => logits[0] += 1000 };

        string message = Assert.Throws<InvalidDataException>(
            () => verifier.Verify(_folder["p"], file, Classify("m.onnx"), new PrepareOptions())).Message;

        output.WriteLine(message);
        Assert.Contains("one step of its last quantised tensor on 5 % of the samples is allowed", message);
    }

    [Fact]
    public void Verify_Cancelled_NothingIsWritten()
    {
        string file = _folder.Write("m.onnx", Graphs.All["chain"]().Bytes);
        using var source = new CancellationTokenSource();
        int told = 0;
        var options = new PrepareOptions
        {
            Cancellation = source.Token,
            Progress = progress =>
            {
                Assert.Equal(++told, progress.Done);
                Assert.True(progress.Done <= progress.Total);
                if (told == 2) source.Cancel();
            },
        };
        Assert.ThrowsAny<OperationCanceledException>(() => ModelPreparation.Prepare(file, _folder["p"], options));
        Assert.Equal(2, told);
        Assert.False(Directory.Exists(_folder["p"]));
    }

    [Theory]
    [InlineData("NonZero")]
    [InlineData("Compress")]
    [InlineData("Unique")]
    [InlineData("Slice")]
    public void Prepare_ShapesThatDependOnData_AreRefusedByTheOperator(string op)
    {
        var b = new OnnxBuilder(39);
        string x = b.ConvRelu(b.Input("x", -1, 3, 8, 8), 3, 8);
        string flat = b.Node("Reshape", [x, b.Integers(-1)]);
        string made = op switch
        {
            "Compress" => b.Node(op, [flat, b.Node("Greater", [flat, b.Weight([], [0.1f])])]),
            "Slice" => b.Node(op, [flat, b.Integers(0), b.Node("Unsqueeze", [b.Node("ArgMax", [flat], null, OnnxBuilder.Int("keepdims", 0)), b.Integers(0)])]),
            "NonZero" => b.Node("Cast", [b.Node(op, [flat])], null, OnnxBuilder.Int("to", ElementType.Float)),
            _ => b.Node(op, [flat]),
        };
        string sum = b.Node("ReduceSum", [made], null, OnnxBuilder.Int("keepdims", 0));
        b.Node("Add", [b.Head(x, 8, 5, "scores"), sum], "logits");
        b.Output("logits");
        string message = Assert.Throws<InvalidDataException>(() => ModelPreparation.Prepare(_folder.Write("m.onnx", b.Bytes), _folder["p"])).Message;
        output.WriteLine(message);
        Assert.Contains($"({op})", message);
        Assert.Contains("depends on the input's values", message);
    }

    [Fact]
    public void Prepare_NonZeroOfConstants_IsFine()
    {
        var b = new OnnxBuilder(40);
        string x = b.ConvRelu(b.Input("x", -1, 3, 8, 8), 3, 8);
        string count = b.Node("Cast", [b.Node("NonZero", [b.Weight([3], [0, 1, 2])])], null, OnnxBuilder.Int("to", ElementType.Float));
        b.Node("Add", [b.Head(x, 8, 5, "scores"), b.Node("ReduceSum", [count], null, OnnxBuilder.Int("keepdims", 0))], "logits");
        b.Output("logits");
        Assert.Equal(5, ModelPreparation.Prepare(_folder.Write("m.onnx", b.Bytes), _folder["p"]).Manifest.Classes);
    }

    [Fact]
    public void Prepare_RandomOperator_IsANote()
    {
        var b = new OnnxBuilder(41);
        string x = b.ConvRelu(b.Input("x", -1, 3, 8, 8), 3, 8);
        b.Head(x, 8, 5, "exit1");
        x = b.Node("Add", [x, b.Node("RandomNormalLike", [x])]);
        b.Head(b.ConvRelu(x, 8, 8), 8, 5, "logits");
        b.Output("exit1", "logits");
        IReadOnlyList<string> notes = ModelPreparation.Prepare(_folder.Write("m.onnx", b.Bytes), _folder["p"]).Notes;
        string note = Assert.Single(notes);
        output.WriteLine(note);
        Assert.Contains("RandomNormalLike", note);
        Assert.Contains("'logits'", note);
    }

    [Fact]
    public void Prepare_ScoresThatAreNoNumbers_IsANote()
    {
        var b = new OnnxBuilder(42);
        string x = b.ConvRelu(b.Input("x", -1, 3, 8, 8), 3, 8);
        x = b.Node("Neg", [b.Relu(b.Head(x, 8, 5, "scores"))]);
        b.Node("Sqrt", [b.Node("Sub", [x, b.Weight([], [1])])], "logits");
        b.Output("logits");
        IReadOnlyList<string> notes = ModelPreparation.Prepare(_folder.Write("m.onnx", b.Bytes), _folder["p"]).Notes;
        output.WriteLine(string.Join('\n', notes));
        Assert.Contains(notes, note => note.Contains("exit 'logits' of the file gives NaN for every random input", StringComparison.Ordinal));
    }

    Classifier Classify(string name) =>
        Classifier.From(OnnxFile.Load(_folder[name]).Model, new PrepareOptions(), new NativeGraphRunner());
}
