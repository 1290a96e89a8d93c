using EdgeML.Native.Models.Onnx;

namespace EdgeML.Native.Preparation.Graph;

/// <summary>Multiply-accumulates of operators, by the shapes of their inputs and outputs.</summary>
static class OperatorWork
{
    /// <summary>More than this is counted as this, so that sums do not overflow.</summary>
    const long Most = long.MaxValue / 4096;

    /// <summary>Operators without significant products, beside the element-wise and the layout ones.</summary>
    static readonly HashSet<string> s_none =
    [
        "Acos", "Acosh", "AffineGrid", "ArgMax", "ArgMin", "ArrayFeatureExtractor", "Asin", "Asinh", "Atan", "Atanh", "AveragePool",
        "BiasAdd", "BiasSplitGelu", "Binarizer", "BitShift", "BitwiseAnd", "BitwiseNot", "BitwiseOr", "BitwiseXor", "CastLike",
        "CastMap", "CenterCropPad", "Col2Im", "Compress", "Concat", "Constant", "ConstantOfShape", "Cos", "Cosh", "CumSum", "DepthToSpace",
        "DynamicQuantizeLinear", "EmbedLayerNormalization", "Equal", "EyeLike", "FeatureVectorizer", "Gate", "Gather", "GatherElements",
        "GatherND", "GlobalAveragePool", "GlobalLpPool", "GlobalMaxPool", "Greater", "GreaterOrEqual", "HannWindow", "HammingWindow",
        "BlackmanWindow", "Hardmax", "Imputer", "IsInf", "IsNaN", "LabelEncoder", "Less", "LessOrEqual", "LpPool", "MaxPool", "MaxUnpool",
        "Mean", "Mod", "NhwcMaxPool", "NonZero", "Normalizer", "Not", "OneHot", "OneHotEncoder", "Or", "QLinearAdd",
        "QLinearAveragePool", "QLinearConcat", "QLinearGlobalAveragePool", "QLinearLeakyRelu", "QLinearMul", "QLinearReduceMean",
        "QLinearSigmoid", "QLinearSoftmax", "QLinearWhere", "QOrderedLayerNormalization", "RandomNormal", "RandomNormalLike",
        "RandomUniform", "RandomUniformLike", "Range", "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax",
        "ReduceMean", "ReduceMin", "ReduceProd", "ReduceSum", "ReduceSumSquare", "Resize", "ReverseSequence", "RotaryEmbedding",
        "Scaler", "Scatter", "ScatterElements", "ScatterND", "SequenceAt", "SequenceConstruct", "ConcatFromSequence", "SplitToSequence",
        "Shape", "Sin", "Sinh", "Size", "SkipGroupNorm", "SkipLayerNormalization", "SkipSimplifiedLayerNormalization", "Slice",
        "SpaceToDepth", "Split", "Sum", "Tan", "TensorScatter", "Tile", "TopK", "Trilu", "Unique", "Upsample", "Xor", "ZipMap",
        "GatherBlockQuantized", "BiasDropout", "BitmaskDropout", "ConcatTraining", "Crop", "ImageScaler", "GlobalPool", "Affine",
        "ParametricSoftplus", "ScaledTanh", "QGelu", "NGramRepeatBlock", "Optional", "OptionalGetElement", "OptionalHasElement",
    ];

    /// <summary>Whether a node is a layer in the widest sense: it has products, or nothing is known of it.</summary>
    internal static bool IsProduct(NodeProto node) =>
        !(Operators.IsElementwise(node) || Operators.IsLayout(node) || (s_none.Contains(node.OpType) && IsStandard(node)));

    static bool IsStandard(NodeProto node) => node.Domain is "" or "ai.onnx" or "com.microsoft" or "ai.onnx.ml" or "edgeml";

    /// <summary>Multiply-accumulates of one run; null where they are not known.</summary>
    /// <param name="node">The node. Bodies of If, Loop and Scan are not looked into: they are unknown here.</param>
    /// <param name="dims">Full shape of a tensor, null when unknown.</param>
    internal static long? Macs(NodeProto node, Func<string, long[]?> dims)
    {
        if (!IsProduct(node)) return 0;
        long[]? Of(int input) => input < node.Input.Count && node.Input[input].Length > 0 ? dims(node.Input[input]) : null;
        long[]? y = node.Output.FirstOrDefault(o => o.Length > 0) is { } output ? dims(output) : null;
        long[]? x = Of(0);
        if (x is null) return null;
        Int128? macs = node.OpType switch
        {
            // Weight [out, in / groups, k...] for a convolution, [in, out / groups, k...] for a transposed one.
            "Conv" or "ConvInteger" or "FusedConv" or "NhwcConv" or "NhwcFusedConv" or "DeformConv" => Times(y, Of(1)?[1..]),
            "QLinearConv" => Times(y, Of(3)?[1..]),
            "ConvTranspose" or "ConvTransposeWithDynamicPads" => Times(x, Of(1)?[1..]),
            "Gemm" or "FusedGemm" or "QGemm" or "GemmFastGelu" or "GemmFloat8" =>
                Times(y, Inner(x, Int(node, "transA", 0) != 0)),
            "FusedMatMul" or "TransposeMatMul" => Times(y, Inner(x, Int(node, "transA", 0) != 0)),
            "MatMul" or "MatMulInteger" or "QLinearMatMul" or "MatMulIntegerToFloat" or "DynamicQuantizeMatMul"
                or "FusedMatMulActivation" or "MatMulInteger16" => Times(y, Inner(x, false)),
            "MatMulNBits" or "MatMulBnb4" or "MatMulFpQ4" => Times(y, Int(node, "K", 0) is > 0 and var k ? [k] : Inner(x, false)),
            "Einsum" => EinsumWork.Macs(Text(node, "equation"), [.. node.Input.Select(dims)]),
            "LSTM" or "GRU" or "RNN" or "DynamicQuantizeLSTM" => Recurrent(x, Of(1), Of(2)),
            // Every query meets every key, and the weights that come of it every value.
            "Attention" when node.Domain == "com.microsoft" => Packed(x, Of(1), Of(4), y, node),
            "QAttention" => Packed(x, Of(1), Of(8), y, node),
            "Attention" => Meeting(TensorInfo.Count(x), Keys(Of(1), Of(4)), y),
            "MultiHeadAttention" => x.Length == 5
                ? Meeting(TensorInfo.Count(x) / 3, x[1], y)
                : Meeting(TensorInfo.Count(x), Keys(Of(1), Of(6)), y),
            "GroupQueryAttention" when Of(1) is not null => Meeting(TensorInfo.Count(x), Keys(Of(1), Of(3)), y),
            "GridSample" => Times(y, [1L << Math.Max(0, x.Length - 2)]),
            "RoiAlign" or "MaxRoiPool" => Times(y, [4 * Math.Max(1, Int(node, "sampling_ratio", 0) * Int(node, "sampling_ratio", 0))]),
            "DFT" or "Rfft" or "Irfft" => Times(y, [2 * (1 + (long)Math.Log2(Math.Max(1, (double)x.Max())))]),
            "LinearClassifier" or "LinearRegressor" => Floats(node, "coefficients") * (x.Length > 1 ? x[0] : 1),
            "SVMClassifier" or "SVMRegressor" => Floats(node, "support_vectors") * (x.Length > 1 ? x[0] : 1),
            _ => null,
        };
        return macs is { } known ? (long)Int128.Clamp(known, 0, Most) : null;
    }

    static Int128? Times(long[]? made, long[]? each) =>
        made is null || each is null ? null : (Int128)TensorInfo.Count(made) * TensorInfo.Count(each);

    /// <summary>The dimension over which a product sums.</summary>
    static long[] Inner(long[] x, bool transposed) => x.Length switch
    {
        0 => [1],
        1 => [x[0]],
        _ => [transposed ? x[^2] : x[^1]],
    };

    /// <summary>Weights [directions, gates x hidden, input] and [directions, gates x hidden, hidden] for every step of a
    /// sequence.</summary>
    static Int128? Recurrent(long[] x, long[]? input, long[]? hidden) =>
        input is null || hidden is null || x.Length != 3
            ? null
            : (Int128)x[0] * x[1] * (TensorInfo.Count(input) + TensorInfo.Count(hidden));

    static Int128? Meeting(long queries, long? keys, long[]? y) =>
        y is null || keys is null ? null : (Int128)keys * ((Int128)queries + TensorInfo.Count(y));

    /// <summary>Keys that each query meets, those remembered included.</summary>
    static long? Keys(long[]? key, long[]? past) => key switch
    {
        { Length: 4 } => key[2] + (past is { Length: >= 4 } ? past[^2] : 0),
        { Length: 3 or 5 } => key[1] + (past is { Length: >= 4 } ? past[^2] : 0),
        _ => null,
    };

    /// <summary>Attention with its projection: x [batch, length, in], weights [in, queries + keys + values].</summary>
    static Int128? Packed(long[] x, long[]? weights, long[]? past, long[]? y, NodeProto node)
    {
        if (x.Length != 3 || weights is not { Length: 2 } || y is null) return null;
        long rows = x[0] * x[1];
        long[] sizes = [.. node.Attribute.FirstOrDefault(a => a.Name == "qkv_hidden_sizes")?.Ints ?? []];
        long queries = sizes.Length == 3 ? sizes[0] : weights[1] / 3;
        long keys = x[1] + (past is { Length: >= 4 } ? past[^2] : 0);
        return ((Int128)rows * TensorInfo.Count(weights)) + ((Int128)keys * ((rows * queries) + TensorInfo.Count(y)));
    }

    static long Int(NodeProto node, string name, long missing) => node.Attribute.FirstOrDefault(a => a.Name == name)?.I ?? missing;

    static string Text(NodeProto node, string name) => node.Attribute.FirstOrDefault(a => a.Name == name)?.S.ToStringUtf8() ?? "";

    static Int128 Floats(NodeProto node, string name) => node.Attribute.FirstOrDefault(a => a.Name == name)?.Floats.Count ?? 0;
}
