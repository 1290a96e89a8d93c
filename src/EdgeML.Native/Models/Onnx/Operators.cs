namespace EdgeML.Native.Models.Onnx;

/// <summary>Facts about operators for the surgery: their place in a unit and their cost. Unknown ones count as
/// separate work.</summary>
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

    /// <summary>Moves or widens elements without computing: belongs to the operator after it, so that no cut separates the two.</summary>
    /// <remarks>An integer kernel is a DequantizeLinear, its reader and the QuantizeLinear after that; cut between them, it is
    /// lost, and answers differ.</remarks>
    static readonly HashSet<string> s_layout = ["DequantizeLinear", "Expand", "Flatten", "Pad", "Reshape", "Squeeze", "Transpose", "Unsqueeze"];

    internal static bool IsElementwise(NodeProto node) => s_elementwise.Contains(node.OpType);

    internal static bool IsLayout(NodeProto node) => s_layout.Contains(node.OpType);

    /// <summary>Layers with weights: fully-connected, convolution, recurrent.</summary>
    internal static bool IsLayer(NodeProto node) => node.OpType
        is "Conv" or "ConvTranspose" or "ConvInteger" or "FusedConv" or "NhwcConv" or "NhwcFusedConv" or "DeformConv" or "QLinearConv"
        or "Gemm" or "FusedGemm" or "QGemm" or "GemmFastGelu"
        or "MatMul" or "MatMulInteger" or "FusedMatMul" or "QLinearMatMul" or "MatMulIntegerToFloat" or "DynamicQuantizeMatMul"
        or "MatMulNBits" or "MatMulBnb4" or "MatMulFpQ4" or "Einsum" or "LSTM" or "GRU" or "RNN" or "DynamicQuantizeLSTM"
        or "LinearClassifier" or "LinearRegressor";
}
