using EdgeML.Native.Interop;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Models.Packages;
using EdgeML.Native.Preparation;
using EdgeML.Native.Preparation.Branching;
using EdgeML.Native.Preparation.Graph;
using EdgeML.Native.Preparation.Options;
using EdgeML.Native.Tests.Models;
using EdgeML.Native.Tests.Models.Onnx;
using EdgeML.Native.Tests.Models.Packages;
using Google.Protobuf;

namespace EdgeML.Native.Tests.Preparation.Graph;

/// <summary>Networks exported in training mode answer as in inference, or are refused with the reason.</summary>
public sealed class TrainingModeTests : FileRunTests
{
    const int Classes = 5;

    public static TheoryData<string> Modes => ["initializer", "constant", "identity", "computed", "input"];

    [Theory]
    [MemberData(nameof(Modes))]
    public void Prepare_ActiveDropout_AnswersAsWithoutIt(string mode)
    {
        OnnxBuilder builder = Network(b =>
        {
            string ratio = b.Weight([], [0.5f]);
            return x => b.Node("Dropout", [x, ratio, Mode(b, mode)]);
        });
        AnswersAs(Network(_ => x => x), builder, "Dropout");
    }

    [Theory]
    [InlineData(15, 8)]
    [InlineData(15, 512)] // wider than what stays inside the graph: the engine would write into the mapped weights
    [InlineData(9, 8)]
    public void Prepare_TrainingBatchNormalization_TakesItsStoredStatistics(int opset, int channels)
    {
        OnnxBuilder Build(bool trains)
        {
            OnnxBuilder built = Network(b => x => b.BatchNorm(x, channels), channels);
            built.Model.OpsetImport[0].Version = opset;
            if (!trains) return built;
            NodeProto node = built.Graph.Node.First(n => n.OpType == "BatchNormalization");
            node.Output.Add(["mean_out", "var_out"]);
            if (opset < 14) node.Output.Add(["saved_mean", "saved_var"]);
            else node.Attribute.Add(OnnxBuilder.Int("training_mode", 1));
            return built;
        }
        AnswersAs(Build(trains: false), Build(trains: true), "BatchNormalization");
    }

    [Fact]
    public void Prepare_StatisticsAsOutputs_AreLeftOut()
    {
        OnnxBuilder builder = Trained();
        builder.Output("mean_out", "var_out");

        PreparedModel prepared = ModelPreparation.Prepare(_folder.Write("m.onnx", builder.Bytes), _folder["package"]);

        Assert.Equal(["exit1", "logits"], prepared.Manifest.Exits.Select(e => e.Name));
        Assert.Contains("output 'mean_out' left out, it exists in training only", prepared.Notes);
    }

    [Fact]
    public void Prepare_StatisticsRead_IsRefused()
    {
        OnnxBuilder builder = Trained();
        NodeProto reader = builder.Graph.Node.First(n => n.OpType == "Conv" && n != builder.Graph.Node[0]);
        reader.Input[2] = "mean_out";

        string message = Assert.Throws<InvalidDataException>(
            () => ModelPreparation.Prepare(_folder.Write("m.onnx", builder.Bytes), _folder["package"])).Message;

        Assert.Contains("(BatchNormalization) is in training mode and its statistics 'mean_out' are read; export the model in inference mode",
            message);
        Assert.False(Directory.Exists(_folder["package"]));
    }

    [Fact]
    public void Prepare_ModeComputedAtRunTime_IsRefused()
    {
        OnnxBuilder builder = Network(b => x =>
        {
            string mean = b.Node("ReduceMean", [x], null, OnnxBuilder.Int("keepdims", 0));
            string on = b.Node("Greater", [mean, b.Weight([], [0.1f])]);
            return b.Node("Dropout", [x, b.Weight([], [0.5f]), on]);
        });

        string message = Assert.Throws<InvalidDataException>(
            () => ModelPreparation.Prepare(_folder.Write("m.onnx", builder.Bytes), _folder["package"])).Message;

        Assert.Contains("(Dropout) computes at run time whether it is in training mode ('greater1_out'); export", message);
    }

    [Fact]
    public void Prepare_MaskRead_IsAllTrue()
    {
        OnnxBuilder Build(bool active) => Network(b => x =>
        {
            string on = Bool(b, active);
            string dropped = b.Node("Dropout", [x, b.Weight([], [0.5f]), on]);
            b.Graph.Node[^1].Output.Add("mask");
            return b.Node("Where", ["mask", dropped, b.Weight([], [-3f])]);
        });
        AnswersAs(Build(active: false), Build(active: true), "Dropout");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Prepare_InABranch_IsFrozenToo(bool dropout)
    {
        OnnxBuilder Build(bool active) => Network(b => x =>
        {
            // The first branch is the one taken.
            GraphProto Branch(string name, bool first)
            {
                var node = new NodeProto { OpType = "Identity", Name = name, Input = { x }, Output = { name + "_out" } };
                if (first && active) node = dropout ? Dropout(name, x, b) : Normalisation(name, x, b, trains: true);
                else if (first && !dropout) node = Normalisation(name, x, b, trains: false);
                return new GraphProto { Name = name, Node = { node }, Output = { new ValueInfoProto { Name = name + "_out" } } };
            }
            return b.Node("If", [Bool(b, true)], null, new AttributeProto { Name = "then_branch", Type = 5, G = Branch("then", true) },
                new AttributeProto { Name = "else_branch", Type = 5, G = Branch("else", false) });
        });
        AnswersAs(Build(active: false), Build(active: true), dropout ? "Dropout" : "BatchNormalization");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)] // the mode is the function's own argument
    public void Prepare_InALocalFunction_IsFrozenToo(bool asArgument)
    {
        OnnxBuilder Build(bool active) => Network(b =>
        {
            var body = new FunctionProto
            {
                Name = "Block",
                Domain = "tests",
                Input = { "x", "ratio", "mode" },
                Output = { "y" },
                OpsetImport = { new OperatorSetIdProto { Domain = "", Version = 17 } },
            };
            string mode = "mode";
            if (!asArgument)
            {
                mode = "inside";
                body.Node.Add(new NodeProto
                {
                    OpType = "Constant",
                    Output = { mode },
                    Attribute = { new AttributeProto { Name = "value", Type = 4, T = BoolTensor(active) } },
                });
            }
            body.Node.Add(new NodeProto { OpType = "Dropout", Name = "inner", Input = { "x", "ratio", mode }, Output = { "d" } });
            body.Node.Add(new NodeProto { OpType = "Relu", Input = { "d" }, Output = { "y" } });
            b.Model.Functions.Add(body);
            b.Model.OpsetImport.Add(new OperatorSetIdProto { Domain = "tests", Version = 1 });
            return x =>
            {
                string made = b.Node("Block", [x, b.Weight([], [0.5f]), Bool(b, active)]);
                b.Graph.Node[^1].Domain = "tests";
                return made;
            };
        });
        AnswersAs(Build(active: false), Build(active: true), "Dropout 'block1/inner'"); // the call's name, then the node's
    }

    [Fact]
    public void Freeze_FunctionWhoseModeIsComputedAtRunTimeByOneCall_IsRefused()
    {
        OnnxBuilder builder = Network(b =>
        {
            b.Model.Functions.Add(new FunctionProto
            {
                Name = "Block",
                Domain = "tests",
                Input = { "x", "mode" },
                Output = { "y" },
                Node = { new NodeProto { OpType = "Dropout", Name = "inner", Input = { "x", "", "mode" }, Output = { "y" } } },
            });
            return x =>
            {
                string first = b.Node("Block", [x, Bool(b, true)]);
                b.Graph.Node[^1].Domain = "tests";
                string cast = b.Node("Cast", [b.Node("ReduceMax", [x], null, OnnxBuilder.Int("keepdims", 0))], null, OnnxBuilder.Int("to", 9));
                string second = b.Node("Block", [first, cast]);
                b.Graph.Node[^1].Domain = "tests";
                return second;
            };
        });

        Assert.Contains("'inner' (Dropout) computes at run time",
            Assert.Throws<InvalidDataException>(() => TrainingMode.Freeze(builder.Model, [])).Message);
    }

    [Fact]
    public void Freeze_BeforeOpset7_TheAttributeDecides()
    {
        OnnxBuilder builder = Network(b => x => b.Node("Dropout", [b.BatchNorm(x, 8)]));
        builder.Model.OpsetImport[0].Version = 6;
        List<string> notes = [];

        ModelProto? frozen = TrainingMode.Freeze(builder.Model, notes);

        Assert.NotNull(frozen);
        Assert.Equal(2, notes.Count);
        Assert.DoesNotContain(frozen.Graph.Node, n => n.OpType == "Dropout");
        Assert.Equal(1, frozen.Graph.Node.First(n => n.OpType == "BatchNormalization").Attribute.First(a => a.Name == "is_test").I);
        Assert.Null(TrainingMode.Freeze(builder.Model, notes));
    }

    [Fact]
    public void Freeze_InferenceMode_ChangesNothing()
    {
        OnnxBuilder builder = Network(b => x => b.Node("Dropout", [b.BatchNorm(x, 8), b.Weight([], [0.5f]), Bool(b, false)]));
        ModelProto before = builder.Model.Clone();
        List<string> notes = [];

        Assert.Null(TrainingMode.Freeze(builder.Model, notes));
        Assert.Empty(notes);
        Assert.Equal(before, builder.Model);
    }

    [Fact]
    public void Backbone_TrainingMode_IsFrozenAndSaidSo()
    {
        OnnxBuilder builder = Network(b => x => b.Node("Dropout", [x, b.Weight([], [0.5f]), Bool(b, true)]));
        string path = _folder.Write("m.onnx", builder.Bytes);
        Backbone backbone = Backbone.Load(path, "logits", new PrepareOptions(), new NativeGraphRunner());

        Assert.Contains(backbone.Notes, n => n.StartsWith("exported in training mode: Dropout '", StringComparison.Ordinal));
        (ModelProto model, _) = backbone.WithHeads([], [], []);
        Assert.DoesNotContain(model.Graph.Node, n => n.OpType == "Dropout");
    }

    void AnswersAs(OnnxBuilder expected, OnnxBuilder actual, string note)
    {
        ModelPreparation.Prepare(_folder.Write("expected.onnx", expected.Bytes), _folder["expected"]);
        PreparedModel prepared = ModelPreparation.Prepare(_folder.Write("actual.onnx", actual.Bytes), _folder["actual"]);
        Assert.Contains(prepared.Notes, n => n.StartsWith("exported in training mode: " + note, StringComparison.Ordinal));
        using ModelPackage right = ModelPackage.Open(_folder["expected"]), package = ModelPackage.Open(_folder["actual"]);
        ModelManifest manifest = package.Manifest;
        var random = new Random(3);
        float[] image = [.. Enumerable.Range(0, manifest.Input.Elements).Select(_ => random.NextSingle())];
        float[][] reference = _runs.Run(right.BuildWhole(inlineWeights: true).Onnx, null, image);
        using Interop.WeightsHandle weights = _runs.Share(package);
        for (int repeat = 0; repeat < 2; repeat++)
        {
            Close(reference[^1], _runs.Run(package.BuildWhole().Onnx, weights, image)[^1], "whole");
            float[] x = image;
            for (int unit = 1; unit <= manifest.Units.Count; unit++)
            {
                x = _runs.Run(package.BuildRange(unit, unit, null, unit < manifest.Units.Count).Onnx, weights, x)[0];
                if (unit == manifest.Exits[0].AfterUnit)
                    Close(reference[0], _runs.Run(package.BuildHead(1).Onnx, weights, x)[0], "exit1");
            }
            Close(reference[^1], x, "unit by unit");
        }
    }

    static void Close(float[] expected, float[] actual, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
            Assert.True(MathF.Abs(expected[i] - actual[i]) <= 1e-4f, $"{what}: value {i} is {actual[i]}, {expected[i]} expected");
    }

    static OnnxBuilder Trained()
    {
        OnnxBuilder builder = Network(b => x => b.BatchNorm(x, 8));
        NodeProto node = builder.Graph.Node.First(n => n.OpType == "BatchNormalization");
        node.Output.Add(["mean_out", "var_out"]);
        node.Attribute.Add(OnnxBuilder.Int("training_mode", 1));
        return builder;
    }

    /// <summary>Two convolutions with something between them, and an exit after it.</summary>
    static OnnxBuilder Network(Func<OnnxBuilder, Func<string, string>> between, int channels = 8)
    {
        var builder = new OnnxBuilder(seed: 9);
        string first = builder.ConvRelu(builder.Input("image", -1, 3, 8, 8), 3, channels);
        var rest = new OnnxBuilder(seed: 10); // its own draws, so that what is between changes no weight
        string second = between(builder)(first);
        string exit = Head(builder, rest, second, channels, "exit1");
        string w = Copy(builder, rest, "w_second", 0.2, 16, channels, 3, 3), bias = Copy(builder, rest, "b_second", 0.1, 16);
        string conv = builder.Node("Conv", [second, w, bias], null, OnnxBuilder.Ints("kernel_shape", 3, 3), OnnxBuilder.Ints("pads", 1, 1, 1, 1));
        builder.Output(exit, Head(builder, rest, builder.Relu(conv), 16, "logits"));
        return builder;
    }

    static string Head(OnnxBuilder builder, OnnxBuilder draws, string x, int channels, string name) =>
        builder.Node("MatMul", [builder.Flatten(builder.Gap(x)), Copy(builder, draws, "w_" + name, 0.5, channels, Classes)], name);

    static string Copy(OnnxBuilder builder, OnnxBuilder draws, string name, double scale, params long[] dims)
    {
        draws.Weight(scale, dims);
        TensorProto weight = draws.Graph.Initializer[^1].Clone();
        weight.Name = name;
        builder.Graph.Initializer.Add(weight);
        return name;
    }

    static string Mode(OnnxBuilder builder, string mode)
    {
        switch (mode)
        {
            case "initializer": return Bool(builder, true);
            case "constant":
                return builder.Node("Constant", [], null, new AttributeProto { Name = "value", Type = 4, T = BoolTensor(true) });
            case "identity": return builder.Node("Identity", [Bool(builder, true)]);
            case "computed": return builder.Node("Not", [Bool(builder, false)]);
            default:
                builder.Graph.Input.Add(OnnxBuilder.Value("training", ElementType.Bool, []));
                return "training";
        }
    }

    static string Bool(OnnxBuilder builder, bool value)
    {
        TensorProto tensor = BoolTensor(value);
        tensor.Name = $"mode{builder.Graph.Initializer.Count}";
        builder.Graph.Initializer.Add(tensor);
        return tensor.Name;
    }

    static TensorProto BoolTensor(bool value) => new() { DataType = ElementType.Bool, Int32Data = { value ? 1 : 0 } };

    static NodeProto Dropout(string name, string x, OnnxBuilder builder) => new()
    {
        OpType = "Dropout",
        Name = name,
        Input = { x, builder.Weight([], [0.5f]), Bool(builder, true) },
        Output = { name + "_out" },
    };

    static NodeProto Normalisation(string name, string x, OnnxBuilder builder, bool trains)
    {
        var draws = new OnnxBuilder(seed: 4);
        string Weight(string of, float from) => Copied(builder, draws, name + of, from);
        var node = new NodeProto
        {
            OpType = "BatchNormalization",
            Name = name,
            Input = { x, Weight("s", 1f), Weight("b", 0f), Weight("m", 0.1f), Weight("v", 0.6f) },
            Output = { name + "_out" },
        };
        if (!trains) return node;
        node.Output.Add([name + "_mean", name + "_var"]);
        node.Attribute.Add(OnnxBuilder.Int("training_mode", 1));
        return node;
    }

    static string Copied(OnnxBuilder builder, OnnxBuilder draws, string name, float from)
    {
        draws.Weight([8], [.. Enumerable.Range(0, 8).Select(i => from + (0.1f * i))]);
        TensorProto weight = draws.Graph.Initializer[^1].Clone();
        weight.Name = name;
        builder.Graph.Initializer.Add(weight);
        return name;
    }
}
