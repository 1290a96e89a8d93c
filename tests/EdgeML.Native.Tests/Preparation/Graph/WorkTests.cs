using EdgeML.Native.Interop;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Models.Packages;
using EdgeML.Native.Preparation;
using EdgeML.Native.Preparation.Graph;
using EdgeML.Native.Tests.Models;
using EdgeML.Native.Tests.Models.Onnx;
using EdgeML.Native.Tests.Models.Packages;

namespace EdgeML.Native.Tests.Preparation.Graph;

/// <summary>Work is counted for every operator with known shapes, measured for others, and the final exit does not hang on it.</summary>
public sealed class WorkTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("btd,de->bte", "2x10x24 24x16", 2 * 10 * 24 * 16)]
    [InlineData("btd,de", "2x10x24 24x16", 2 * 10 * 24 * 16)]
    [InlineData("bhqd,bhkd->bhqk", "1x4x10x8 1x4x12x8", 4 * 10 * 12 * 8)]
    [InlineData("...d,de->...e", "3x5x7x24 24x16", 3 * 5 * 7 * 24 * 16)]
    [InlineData("...ij,...jk->...ik", "4x2x3 1x3x5", 4 * 2 * 3 * 5)]
    [InlineData("ij,jk,kl->il", "2x3 3x5 5x7", (2 * 3 * 5) + (2 * 5 * 7))]
    [InlineData("i,j->ij", "4 6", 24)]
    [InlineData("ij->ji", "2x3", 0)]
    public void Einsum_Equation_CountsItsProducts(string equation, string shapes, long expected)
    {
        long[][] dims = [.. shapes.Split(' ').Select(s => s.Split('x').Select(long.Parse).ToArray())];
        Assert.Equal((Int128)expected, EinsumWork.Macs(equation, dims));
    }

    [Theory]
    [InlineData("LSTM", "", "x:20x1x13 W:1x128x13 R:1x128x32", "y:20x1x1x32", 20 * 128 * 45)]
    [InlineData("GRU", "", "x:20x2x13 W:2x96x13 R:2x96x32", "y:20x2x2x32", 20 * 2 * 2 * 96 * 45)]
    [InlineData("RNN", "", "x:5x1x4 W:1x8x4 R:1x8x8", "y:5x1x1x8", 5 * 8 * 12)]
    [InlineData("MatMulNBits", "K=64 N=32 bits=4", "x:1x7x64 B:32x2x16", "y:1x7x32", 7 * 64 * 32)]
    [InlineData("FusedMatMul", "transA=1", "x:64x7 w:64x32", "y:7x32", 7 * 64 * 32)]
    [InlineData("FusedGemm", "transB=1", "x:1x64 w:32x64", "y:1x32", 64 * 32)]
    [InlineData("QGemm", "", "x:1x64 s:1 z:1 w:64x32", "y:1x32", 64 * 32)]
    [InlineData("MatMulInteger", "", "x:3x64 w:64x32", "y:3x32", 3 * 64 * 32)]
    [InlineData("FusedConv", "", "x:1x3x8x8 w:16x3x3x3", "y:1x16x8x8", 16 * 64 * 27)]
    [InlineData("DeformConv", "", "x:1x3x8x8 w:16x3x3x3", "y:1x16x8x8", 16 * 64 * 27)]
    [InlineData("QAttention", "num_heads=4", "x:1x10x32 w:32x96", "y:1x10x32", (10 * 32 * 96) + (10 * 2 * 320))]
    [InlineData("MultiHeadAttention", "num_heads=4", "q:1x10x32 k:1x12x32 v:1x12x32", "y:1x10x32", 12 * 2 * 320)]
    [InlineData("DequantizeLinear", "", "x:64x32 s:1", "y:64x32", 0)]
    [InlineData("MaxPool", "", "x:1x3x8x8", "y:1x3x4x4", 0)]
    public void Macs_Operator_FollowFromShapes(string op, string attributes, string inputs, string output, long expected)
    {
        var dims = new Dictionary<string, long[]>();
        string[] Names(string shapes) => [.. shapes.Split(' ').Select(part =>
        {
            string[] both = part.Split(':');
            dims[both[0]] = [.. both[1].Split('x').Select(long.Parse)];
            return both[0];
        })];
        var node = new NodeProto { OpType = op, Input = { Names(inputs) }, Output = { Names(output) } };
        foreach (string pair in attributes.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            node.Attribute.Add(OnnxBuilder.Int(pair.Split('=')[0], long.Parse(pair.Split('=')[1])));

        Assert.Equal(expected, OperatorWork.Macs(node, dims.GetValueOrDefault));
    }

    [Theory]
    [InlineData("", 24 * 24)]
    [InlineData("com.microsoft", (10 * 32 * 96) + (10 * 2 * 320))]
    public void Macs_AttentionOfEitherDomain_IsItsOwn(string domain, long expected)
    {
        var dims = domain.Length > 0
            ? new Dictionary<string, long[]> { ["a"] = [1, 10, 32], ["b"] = [32, 96], ["y"] = [1, 10, 32] }
            : new Dictionary<string, long[]> { ["a"] = [1, 3, 4, 8], ["b"] = [1, 3, 3, 8], ["c"] = [1, 3, 3, 8], ["y"] = [1, 3, 4, 8] };
        var node = new NodeProto { OpType = "Attention", Domain = domain, Input = { dims.Keys.SkipLast(1) }, Output = { "y" } };

        Assert.Equal(domain.Length > 0 ? expected : 3 * 2 * 96, OperatorWork.Macs(node, dims.GetValueOrDefault));
    }

    [Fact]
    public void Macs_BranchesAndLoops_AreOfTheirBodies()
    {
        var b = new OnnxBuilder(1);
        string x = b.Flatten(b.Gap(b.ConvRelu(b.Input("x", 1, 3, 8, 8), 3, 8)));
        b.Graph.Node.Add(new NodeProto
        {
            OpType = "If",
            Name = "choose",
            Input = { b.Node("Greater", [b.Node("ReduceMax", [x], null, OnnxBuilder.Int("keepdims", 0)), b.Constant(0.1f)]) },
            Output = { "chosen" },
            Attribute = { Body("then_branch", x, [8, 16], "t"), Body("else_branch", x, [8, 24, 16], "e") },
        });
        GraphProto loop = Graph(x, [16, 16], "l", carried: "h");
        b.Graph.Node.Add(new NodeProto
        {
            OpType = "Loop",
            Name = "repeat",
            Input = { b.Weight64(3), "", "chosen" },
            Output = { "looped" },
            Attribute = { new AttributeProto { Name = "body", Type = 5, G = loop } },
        });
        b.Gemm("looped", 16, 5, "logits");
        b.Output("logits");
        ModelManifest manifest = ModelPreparation.Prepare(_folder.Write("m.onnx", b.Bytes), _folder["p"]).Manifest;

        long conv = 3 * 8 * 9 * 64, larger = (8 * 24) + (24 * 16), rounds = 3 * 16 * 16, head = 16 * 5;
        Assert.Equal(conv + larger + rounds + head, manifest.Units.Sum(u => u.Macs));
    }

    /// <summary>Thirty functions of two calls each, which add no node: a billion calls.</summary>
    [Fact]
    public void Inline_FunctionsThatDoubleTheirCalls_AreRefused()
    {
        var model = new ModelProto { Graph = new GraphProto { Node = { Call(0, "x", "y") } } };
        for (int i = 0; i < 30; i++)
            model.Functions.Add(new FunctionProto { Domain = "my", Name = $"F{i}", Node = { Call(i + 1, "a", "b"), Call(i + 1, "b", "c") } });
        model.Functions.Add(new FunctionProto { Domain = "my", Name = "F30" });
        string message = Assert.Throws<InvalidDataException>(() => LocalFunctions.Inline(model)).Message;
        Assert.Contains("called more than 100000 times", message);

        static NodeProto Call(int function, string from, string to) =>
            new() { Domain = "my", OpType = $"F{function}", Input = { from }, Output = { to } };
    }

    [Fact]
    public void Inline_CallWithoutTheInputThatItReturns_IsRefused()
    {
        var model = new ModelProto
        {
            Graph = new GraphProto { Node = { new NodeProto { Domain = "my", OpType = "Same", Name = "call", Output = { "y" } } } },
            Functions = { new FunctionProto { Domain = "my", Name = "Same", Input = { "a" }, Output = { "a" } } },
        };
        Assert.Contains("has 0 inputs", Assert.Throws<InvalidDataException>(() => LocalFunctions.Inline(model)).Message);
    }

    [Fact]
    public void Prepare_LocalFunctions_AreCountedAndCutInside()
    {
        var b = new OnnxBuilder(2);
        var nested = new FunctionProto
        {
            Domain = "my",
            Name = "Activation",
            Input = { "v" },
            Output = { "w" },
            Attribute = { "alpha" },
            OpsetImport = { new OperatorSetIdProto { Version = 17 } },
            Node =
            {
                new NodeProto
                {
                    OpType = "LeakyRelu",
                    Input = { "v" },
                    Output = { "w" },
                    Attribute = { new AttributeProto { Name = "alpha", Type = 1, RefAttrName = "alpha" } },
                },
            },
        };
        var block = new FunctionProto
        {
            Domain = "my",
            Name = "Block",
            Input = { "x", "w" },
            Output = { "y" },
            OpsetImport = { new OperatorSetIdProto { Version = 17 }, new OperatorSetIdProto { Domain = "my", Version = 1 } },
            Node =
            {
                new NodeProto
                {
                    OpType = "Conv",
                    Input = { "x", "w" },
                    Output = { "c" },
                    Attribute = { OnnxBuilder.Ints("pads", 1, 1, 1, 1) },
                },
                new NodeProto
                {
                    OpType = "Activation",
                    Domain = "my",
                    Input = { "c" },
                    Output = { "y" },
                    Attribute = { new AttributeProto { Name = "alpha", Type = 1, F = 0.3f } },
                },
            },
        };
        b.Model.Functions.Add([nested, block]);
        b.Model.OpsetImport.Add(new OperatorSetIdProto { Domain = "my", Version = 1 });
        string x = b.Input("x", 1, 3, 8, 8);
        for (int i = 0; i < 3; i++)
        {
            string weight = b.Weight(0.3, 8, i == 0 ? 3 : 8, 3, 3);
            b.Graph.Node.Add(new NodeProto { OpType = "Block", Domain = "my", Input = { x, weight }, Output = { $"y{i}" } });
            x = $"y{i}";
            if (i == 0) b.Gemm(b.Flatten(x), 512, 5, "exit1"); // a head with more work than the rest of the trunk has layers
        }
        b.Head(x, 8, 5, "logits");
        b.Output("exit1", "logits");
        byte[] file = b.Bytes;
        ModelManifest manifest = ModelPreparation.Prepare(_folder.Write("m.onnx", file), _folder["p"]).Manifest;

        Assert.Equal(["exit1", "logits"], manifest.Exits.Select(e => e.Name));
        Assert.Equal((3 * 8 * 9 * 64) + (2 * 8 * 8 * 9 * 64) + 40, manifest.Units.Sum(u => u.Macs));
        Assert.Equal(1, manifest.Exits[0].AfterUnit);
        using var runs = new NativeRuns();
        using ModelPackage package = ModelPackage.Open(_folder["p"]);
        using Interop.WeightsHandle weights = runs.Share(package);
        float[] image = [.. Enumerable.Range(0, 192).Select(i => ((i % 9) - 4) / 4f)];
        float[][] expected = runs.Run(file, null, image), actual = runs.Run(package.BuildWhole().Onnx, weights, image);
        for (int e = 0; e < 2; e++)
            for (int c = 0; c < 5; c++) Assert.Equal(expected[e][c], actual[e][c], 1e-4f);
    }

    /// <summary>The work of the trunk is in operators that nothing is known of, that of the side exit's head is counted.</summary>
    [Fact]
    public void Final_UncountedTrunk_IsFoundByStructure()
    {
        var b = new OnnxBuilder(3);
        string x = b.ConvRelu(b.Input("x", 1, 3, 8, 8), 3, 8);
        b.Gemm(b.Relu(b.Gemm(b.Flatten(x), 512, 64)), 64, 5, "exit1");
        for (int i = 0; i < 3; i++) x = b.Node("Unheard", [x]);
        b.Output("exit1", b.Head(x, 8, 5, "logits"));
        Classifier model = TrunkTests.Load(b);

        Assert.Equal("logits", Trunk.Find(model).Final.Name);
    }

    /// <summary>A head of three small layers behind the trunk's last but one.</summary>
    [Fact]
    public void Final_LongHeadOfSmallLayers_IsStillASideExit()
    {
        var b = new OnnxBuilder(4);
        string x = b.ConvRelu(b.ConvRelu(b.Input("x", 1, 3, 8, 8), 3, 8), 8, 16);
        b.Gemm(b.Relu(b.Gemm(b.Relu(b.Gemm(b.Flatten(b.Gap(x)), 16, 16)), 16, 16)), 16, 5, "exit1");
        b.Head(b.ConvRelu(x, 16, 16), 16, 5, "logits");
        b.Output("exit1", "logits");

        Assert.Equal("logits", Trunk.Find(TrunkTests.Load(b)).Final.Name);
    }

    /// <summary>An operator without a formula counts by its time, and is no empty unit.</summary>
    [Fact]
    public void Prepare_OperatorOfUnknownWork_IsMeasured()
    {
        var b = new OnnxBuilder(5);
        string x = b.ConvRelu(b.Input("x", 1, 3, 16, 16), 3, 8);
        x = b.Node("Det", [b.Node("Reshape", [x, b.Integers(1, 8, 16, 16)])]);
        b.Gemm(x, 8, 5, "logits");
        b.Output("logits");
        PreparedModel prepared = ModelPreparation.Prepare(_folder.Write("m.onnx", b.Bytes), _folder["p"]);

        Assert.Contains(prepared.Notes, n => n.Contains("(Det) is not known: it counts as"));
        Assert.All(prepared.Manifest.Units, u => Assert.True(u.Macs > 0, u.Name));
    }

    static AttributeProto Body(string name, string x, int[] widths, string prefix) =>
        new() { Name = name, Type = 5, G = Graph(x, widths, prefix, null) };

    /// <summary>Products with weights of their own; as a loop's body where it carries something on.</summary>
    static GraphProto Graph(string x, int[] widths, string prefix, string? carried)
    {
        var b = new OnnxBuilder(9);
        var graph = new GraphProto { Name = prefix };
        if (carried is not null)
        {
            graph.Input.Add(OnnxBuilder.Value(prefix + "i", ElementType.Int64, []));
            graph.Input.Add(OnnxBuilder.Value(prefix + "c", ElementType.Bool, []));
            graph.Input.Add(OnnxBuilder.Value(carried, ElementType.Float, [1, widths[0]]));
            graph.Node.Add(new NodeProto { OpType = "Identity", Input = { prefix + "c" }, Output = { prefix + "again" } });
            graph.Output.Add(OnnxBuilder.Value(prefix + "again", ElementType.Bool, []));
            x = carried;
        }
        for (int i = 1; i < widths.Length; i++)
        {
            b.Weight(0.2, widths[i - 1], widths[i]);
            TensorProto weight = b.Graph.Initializer[^1];
            weight.Name = prefix + "w" + i;
            graph.Initializer.Add(weight);
            graph.Node.Add(new NodeProto { OpType = "MatMul", Input = { x, weight.Name }, Output = { prefix + i } });
            x = prefix + i;
        }
        graph.Output.Add(OnnxBuilder.Value(x, ElementType.Float, [1, widths[^1]]));
        return graph;
    }
}
