using EdgeML.Native.Models.Onnx;

namespace EdgeML.Native.Models.Graph;

/// <summary>What the surgery knows of operators: where they belong in a unit and what they cost. Unknown ones are work of their
/// own.</summary>
static class Operators
{
    /// <summary>Work on single elements or normalisation: belongs to the operator before it.</summary>
    static readonly HashSet<string> s_elementwise =
    [
        "Abs", "Add", "And", "BatchNormalization", "BiasGelu", "Cast", "Ceil", "Celu", "Clip", "Div", "Dropout",
        "Elu", "Erf", "Exp", "FastGelu", "Floor", "Gelu", "GroupNormalization", "HardSigmoid", "HardSwish", "Identity",
        "InstanceNormalization", "LRN", "LayerNormalization", "LeakyRelu", "Log", "LogSoftmax", "LpNormalization", "Max",
        "MeanVarianceNormalization", "Min", "Mish", "Mul", "Neg", "PRelu", "Pow", "QLinearAdd", "QLinearLeakyRelu", "QLinearMul", "QLinearSigmoid",
        "QLinearSoftmax", "QLinearWhere", "QuantizeLinear", "QuickGelu", "RMSNormalization",
        "Reciprocal", "Relu", "Round", "Selu", "Shrink", "Sigmoid", "Sign", "SimplifiedLayerNormalization", "Softmax", "Softplus",
        "Softsign", "Sqrt", "Sub", "Swish", "Tanh", "ThresholdedRelu", "Where",
    ];

    /// <summary>Moves or widens elements without computing: belongs to the operator behind it, so that no cut separates the two.</summary>
    /// <remarks>An integer kernel is a DequantizeLinear, what reads it and the QuantizeLinear behind that; cut between them, it is
    /// lost, and answers differ.</remarks>
    static readonly HashSet<string> s_layout = ["DequantizeLinear", "Expand", "Flatten", "Pad", "Reshape", "Squeeze", "Transpose", "Unsqueeze"];

    internal static bool IsElementwise(NodeProto node) => s_elementwise.Contains(node.OpType);

    internal static bool IsLayout(NodeProto node) => s_layout.Contains(node.OpType);

    /// <summary>Fully-connected and convolution layers.</summary>
    internal static bool IsLayer(NodeProto node) => WeightInput(node) >= 0;

    /// <summary>Multiply-accumulates of one run; 0 for operators without products worth counting.</summary>
    /// <param name="node">The node.</param>
    /// <param name="dims">Full shape of a tensor, null when unknown.</param>
    internal static long Macs(NodeProto node, Func<string, long[]?> dims)
    {
        int weight = WeightInput(node);
        if (weight < 0 || node.Input.Count <= weight || node.Output.Count == 0) return 0;
        long[]? w = dims(node.Input[weight]), x = dims(node.Input[0]), y = dims(node.Output[0]);
        if (w is null || x is null || y is null) return 0;
        Int128 macs = node.OpType switch
        {
            // Weight [out, in / groups, k...] for a convolution, [in, out / groups, k...] for a transposed one.
            "ConvTranspose" => (Int128)TensorInfo.Count(x) * TensorInfo.Count(w.Skip(1)),
            "Gemm" => (Int128)TensorInfo.Count(y) * (x.Length == 2 ? Attribute(node, "transA") == 0 ? x[1] : x[0] : 0),
            "MatMul" or "MatMulInteger" or "QLinearMatMul" => (Int128)TensorInfo.Count(y) * x[^1..].FirstOrDefault(),
            _ => (Int128)TensorInfo.Count(y) * TensorInfo.Count(w.Skip(1)),
        };
        return (long)Int128.Min(macs, long.MaxValue / 4096);
    }

    static int WeightInput(NodeProto node) => node.OpType switch
    {
        "Conv" or "ConvTranspose" or "ConvInteger" or "FusedConv" or "Gemm" or "MatMul" or "MatMulInteger" => 1,
        "QLinearConv" or "QLinearMatMul" => 3,
        _ => -1,
    };

    static long Attribute(NodeProto node, string name) => node.Attribute.FirstOrDefault(a => a.Name == name)?.I ?? 0;
}
