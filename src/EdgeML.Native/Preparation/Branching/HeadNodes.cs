using System.Runtime.InteropServices;
using EdgeML.Native.Models.Onnx;
using Google.Protobuf;

namespace EdgeML.Native.Preparation.Branching;

/// <summary>Writes heads into a graph, with operators that mean the same in every operator set from 9 on.</summary>
sealed class HeadNodes(GraphProto graph, GraphIndex index)
{
    readonly HashSet<string> _taken = [];

    /// <summary>A name that no tensor has yet.</summary>
    internal string Free(string name)
    {
        while (index.Exists(name) || !_taken.Add(name)) name += "_";
        return name;
    }

    /// <summary>Whether the steps of a sequence come first and the batch after them.</summary>
    internal static bool IsSequenceFirst(TensorInfo info) => info.Dims is [> 1, 1, _] or [> 1, _, 1, _];

    /// <summary>From the tensor a head reads to its features, one row.</summary>
    /// <returns>Name of the features.</returns>
    internal string AddFeatures(HeadPlan plan, TensorInfo info, string prefix)
    {
        string x = info.Type == ElementType.Float ? plan.Tensor : Dequantised(plan.Tensor, prefix)
            ?? Add(prefix, "Cast", plan.Tensor, Int("to", ElementType.Float));
        if (IsSequenceFirst(info))
        {
            // Steps x (directions x) 1 x channels, as recurrent layers put out: the mean over steps.
            x = Add(prefix, "Transpose", x, info.Dims.Length == 3 ? Ints("perm", 1, 2, 0) : Ints("perm", 2, 1, 3, 0));
            if (info.Dims.Length == 4)
            {
                string shape = Free($"{prefix}/channels");
                graph.Initializer.Add(new TensorProto
                {
                    Name = shape,
                    DataType = ElementType.Int64,
                    Dims = { 3 },
                    RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes<long>([1, info.Dims[1] * info.Dims[3], info.Dims[0]])),
                });
                string row = Free($"{prefix}/reshape");
                graph.Node.Add(new NodeProto { OpType = "Reshape", Name = row, Input = { x, shape }, Output = { row } });
                x = row;
            }
            x = Add(prefix, "GlobalAveragePool", x);
        }
        else if (info.Dims.Length == 3)
        {
            // Tokens x channels: the mean over tokens, written so that it needs no axes, which moved from attribute to input in opset 18.
            x = Add(prefix, "Transpose", x, Ints("perm", 0, 2, 1));
            x = Add(prefix, "GlobalAveragePool", x);
        }
        else if (plan.Pool is (1, 1))
        {
            x = Add(prefix, "GlobalAveragePool", x);
        }
        else if (plan.Pool is (var rows, var columns))
        {
            (long high, long wide) = (info.Dims[2] / rows, info.Dims[3] / columns);
            x = Add(prefix, "AveragePool", x,
                Ints("kernel_shape", info.Dims[2] - ((rows - 1) * high), info.Dims[3] - ((columns - 1) * wide)),
                Ints("strides", high, wide));
        }
        return Add(prefix, "Flatten", x, Int("axis", 1));
    }

    /// <summary>The numbers that a quantised network's integers stand for, or null where no reader names their scale.</summary>
    string? Dequantised(string tensor, string prefix)
    {
        List<NodeProto> readers = [.. index.Nodes.Where(n => n.Input.Count > 1 && n.Input[0] == tensor)];
        if (readers.Find(n => n.OpType == "DequantizeLinear") is { } there) return there.Output[0];
        if (readers.Find(n => n.Input.Count > 2 && n.OpType.StartsWith("QLinear", StringComparison.Ordinal)) is not { } reader) return null;
        string name = Free($"{prefix}/dequantizelinear");
        graph.Node.Add(new NodeProto
        {
            OpType = "DequantizeLinear",
            Name = name,
            Input = { tensor, reader.Input[1], reader.Input[2] },
            Output = { name },
        });
        return name;
    }

    /// <summary>From features to scores, with ReLU between the layers.</summary>
    /// <returns>Name of the scores.</returns>
    internal string AddLayers(HeadPlan plan, IReadOnlyList<HeadLayer> layers, string features, string exit)
    {
        string x = features;
        for (int layer = 0; layer < layers.Count; layer++)
        {
            string name = Free($"{exit}/fc{layer + 1}"), weight = Free(name + ".weight"), bias = Free(name + ".bias");
            graph.Initializer.Add(Tensor(weight, layers[layer].Weights, plan.Sizes[layer + 1], plan.Sizes[layer]));
            graph.Initializer.Add(Tensor(bias, layers[layer].Biases, plan.Sizes[layer + 1]));
            bool last = layer == layers.Count - 1;
            string output = last ? Free(exit) : name;
            graph.Node.Add(
                new NodeProto
                {
                    OpType = "Gemm",
                    Name = name,
                    Input = { x, weight, bias },
                    Output = { output },
                    Attribute = { Int("transB", 1) }
                });
            x = last ? output : Add(exit, "Relu", output);
        }
        return x;
    }

    string Add(string prefix, string op, string input, params AttributeProto[] attributes)
    {
        string name = Free($"{prefix}/{op.ToLowerInvariant()}");
        graph.Node.Add(new NodeProto { OpType = op, Name = name, Input = { input }, Output = { name }, Attribute = { attributes } });
        return name;
    }

    static TensorProto Tensor(string name, float[] values, params long[] dims) => new()
    {
        Name = name,
        DataType = ElementType.Float,
        Dims = { dims },
        RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes<float>(values)),
    };

    static AttributeProto Int(string name, long value) => new() { Name = name, Type = 2, I = value };

    static AttributeProto Ints(string name, params long[] values) => new() { Name = name, Type = 7, Ints = { values } };
}

/// <summary>A trained fully-connected layer as ONNX wants it.</summary>
/// <param name="Weights">Outputs x inputs, row by row.</param>
/// <param name="Biases">One per output.</param>
sealed record HeadLayer(float[] Weights, float[] Biases);
