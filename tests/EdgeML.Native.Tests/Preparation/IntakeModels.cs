using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Preparation.Graph;
using EdgeML.Native.Tests.Models.Onnx;
using Google.Protobuf;

namespace EdgeML.Native.Tests.Preparation;

/// <summary>Valid models in the forms that exporters write, and ways to take their weights out of the file.</summary>
static class IntakeModels
{
    internal static OnnxBuilder Valid(string kind)
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
    internal static ModelProto WithBranches(bool function)
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

    internal static List<TensorProto> Tensors(GraphProto graph, string place)
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

    /// <summary>A model whose first weight is external data.</summary>
    internal static (byte[] Model, byte[] Data) External(string location)
    {
        OnnxBuilder b = Valid("one-channel");
        TensorProto weight = b.Graph.Initializer[0];
        byte[] data = weight.RawData.ToByteArray();
        weight.ClearRawData();
        weight.DataLocation = 1;
        weight.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = location });
        return (b.Bytes, data);
    }
}

/// <summary>Fails a test that comes as far as the engine.</summary>
sealed class NoEngine : IGraphRunner
{
    public ProbeResult Probe(ModelProto model, IReadOnlyList<float[]> inputs, IReadOnlySet<string> keep) =>
        throw new InvalidOperationException("a session was made");
}
