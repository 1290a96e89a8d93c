using EdgeML.Native.Models.Onnx;

namespace EdgeML.Training.Quantisation;

/// <summary>Brings a model to operator set 13, the first one with a scale for every channel.</summary>
static class OpsetUpgrade
{
    internal const long Needed = 13;

    /// <summary>Operators that mean the same in every version from 7 to 13.</summary>
    static readonly HashSet<string> s_same =
    [
        "Abs", "Acos", "Acosh", "Add", "And", "ArgMax", "ArgMin", "Asin", "Asinh", "Atan", "Atanh", "AveragePool", "BatchNormalization", "BitShift",
        "Cast", "Ceil", "Celu", "Compress", "Concat", "Constant", "ConstantOfShape", "Conv", "ConvTranspose", "Cos", "Cosh", "CumSum", "DepthToSpace", "Div",
        "Dropout", "Einsum", "Elu", "Equal", "Erf", "Exp", "Expand", "Flatten", "Floor", "GRU", "Gather", "GatherElements", "GatherND", "Gemm",
        "GlobalAveragePool", "GlobalMaxPool", "Greater", "GreaterOrEqual", "HardSigmoid", "Identity", "InstanceNormalization", "IsInf", "IsNaN", "LRN",
        "LSTM", "LeakyRelu", "Less", "LessOrEqual", "Log", "MatMul", "Max", "MaxPool", "Mean", "Min", "Mod", "Mul", "Neg", "NonZero", "Not", "Or",
        "PRelu", "Pow", "Range", "Reciprocal", "ReduceL1", "ReduceL2", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceProd",
        "ReduceSumSquare",
        "Relu", "Reshape", "Round", "ScatterElements", "ScatterND", "Selu", "Shape", "Sigmoid", "Sign", "Sin", "Sinh", "Size", "Softplus", "Softsign",
        "SpaceToDepth", "Sqrt", "Sub", "Sum", "Tan", "Tanh", "ThresholdedRelu", "Tile", "Transpose", "Where", "Xor",
    ];

    /// <param name="model">Changed in place.</param>
    /// <param name="name">For the message.</param>
    /// <param name="dims">Full shape of a tensor.</param>
    /// <exception cref="InvalidDataException">A node is not known to mean the same in the newer set.</exception>
    internal static void Apply(ModelProto model, string name, Func<string, long[]?> dims)
    {
        OperatorSetIdProto set = model.OpsetImport.First(o => o.Domain is "" or "ai.onnx");
        if (set.Version >= Needed) return;
        foreach (NodeProto node in model.Graph.Node)
        {
            if (node.Domain is not ("" or "ai.onnx") || s_same.Contains(node.OpType)) continue;
            bool moved = node.OpType switch
            {
                "Clip" => set.Version >= 11 || Move(model.Graph, node, ("min", true), ("max", true)),
                "Squeeze" or "Unsqueeze" or "ReduceSum" => Move(model.Graph, node, ("axes", false)),
                "Pad" => set.Version >= 11 || Move(model.Graph, node, ("pads", false), ("value", true)),
                "Slice" => set.Version >= 10 || Move(model.Graph, node, ("starts", false), ("ends", false), ("axes", false)),
                "Split" => Move(model.Graph, node, ("split", false)),
                "TopK" => set.Version >= 10,
                // One mode of sampling is gone in 13.
                "Resize" => set.Version >= 11 && !node.Attribute.Any(a => a.S.ToStringUtf8() == "tf_half_pixel_for_nn"),
                // Negative indices count from the end since 11.
                "OneHot" => set.Version >= 11,
                "Softmax" or "LogSoftmax" => IsAlongTheLast(node, dims(node.Input[0])),
                _ => false,
            };
            if (!moved)
                throw new InvalidDataException(
                    $"{name}: operator set {set.Version} is older than {Needed}, which quantised layers need, and {GraphIndex.Describe(node)} "
                    + $"is not known to mean the same there; export the model with operator set {Needed} or later");
        }
        set.Version = Needed;
    }

    /// <summary>Of older sets, all dimensions from the axis on are one; along the last one both mean the same.</summary>
    static bool IsAlongTheLast(NodeProto node, long[]? dims)
    {
        AttributeProto? axis = node.Attribute.FirstOrDefault(a => a.Name == "axis");
        if (dims is null || (axis?.I ?? 1) is var along && along != -1 && along != dims.Length - 1) return false;
        if (axis is not null) node.Attribute.Remove(axis);
        return true;
    }

    /// <summary>Makes attributes the inputs that they became.</summary>
    static bool Move(GraphProto graph, NodeProto node, params (string Name, bool Single)[] attributes)
    {
        foreach ((string name, bool single) in attributes)
        {
            AttributeProto? attribute = node.Attribute.FirstOrDefault(a => a.Name == name);
            if (attribute is null)
            {
                node.Input.Add("");
                continue;
            }
            string weight = $"{node.Output[0]}/{name}";
            while (graph.Initializer.Any(w => w.Name == weight) || graph.Node.Any(n => n.Output.Contains(weight))) weight += "_";
            graph.Initializer.Add(single ? GraphWeights.Tensor<float>(weight, [attribute.F], []) : GraphWeights.Tensor<long>(weight, [.. attribute.Ints],
                [attribute.Ints.Count]));
            node.Input.Add(weight);
            node.Attribute.Remove(attribute);
        }
        while (node.Input.Count > 1 && node.Input[^1].Length == 0) node.Input.RemoveAt(node.Input.Count - 1);
        return true;
    }
}
