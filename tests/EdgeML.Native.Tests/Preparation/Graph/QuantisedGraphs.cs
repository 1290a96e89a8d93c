using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Tests.Models.Onnx;
using Google.Protobuf;

namespace EdgeML.Native.Tests.Preparation.Graph;

/// <summary>Small quantised classifiers as tools export them.</summary>
static class QuantisedGraphs
{
    const int Classes = 7, Wide = 16;

    internal static IReadOnlyDictionary<string, Func<OnnxBuilder>> All { get; } = new Dictionary<string, Func<OnnxBuilder>>
    {
        ["qdq uint8"] = () => Pairs(ElementType.UInt8, perChannel: false),
        ["qdq int8"] = () => Pairs(ElementType.Int8, perChannel: false),
        ["qdq uint8, weights per channel"] = () => Pairs(ElementType.UInt8, perChannel: true),
        ["qdq int8, weights per channel"] = () => Pairs(ElementType.Int8, perChannel: true),
        ["qdq int8, symmetric"] = () => Pairs(ElementType.Int8, perChannel: true, symmetric: true),
        ["qdq int16"] = () => Pairs(ElementType.Int16, perChannel: false),
        ["qlinear uint8"] = () => Linear(ElementType.UInt8),
        ["qlinear int8"] = () => Linear(ElementType.Int8),
        ["qdq lanes, uint8"] = Lanes,
        ["qdq uint8, activation apart"] = () => Apart(ElementType.UInt8),
        ["qdq int8, activation apart"] = () => Apart(ElementType.Int8),
        ["qdq uint8, many operators"] = () => Varied(ElementType.UInt8),
        ["qdq int8, many operators"] = () => Varied(ElementType.Int8),
    };

    /// <summary>Convolutions, a residual block, pooling and two heads, with a QuantizeLinear/DequantizeLinear pair after each.</summary>
    static OnnxBuilder Pairs(int type, bool perChannel, bool symmetric = false)
    {
        var q = new Quantiser(type, perChannel, symmetric);
        OnnxBuilder b = q.Builder;
        string x = q.Pair(b.Input("image", -1, 3, 16, 16), 1 / 255f, rectified: true);
        string a = q.Pair(b.Relu(q.Conv(x, 3, 8, 1 / 255f)), 0.02f, rectified: true);
        string inner = q.Pair(b.Relu(q.Conv(a, 8, 8, 0.02f)), 0.02f, rectified: true);
        string side = q.Pair(q.Conv(inner, 8, 8, 0.02f), 0.03f, rectified: false);
        string sum = q.Pair(b.Relu(b.Node("Add", [side, a])), 0.03f, rectified: true);
        string pooled = q.Pair(b.MaxPool(sum), 0.03f, rectified: true);
        string last = q.Pair(b.Relu(q.Conv(pooled, 8, Wide, 0.03f)), 0.04f, rectified: true);
        string more = q.Pair(b.Relu(q.Conv(last, Wide, Wide, 0.04f)), 0.05f, rectified: true);
        string mean = q.Pair(b.Gap(more), 0.02f, rectified: true);
        string logits = q.Gemm(b.Flatten(mean), Wide, 0.02f, "logits");
        string second = q.Pair(b.Gap(pooled), 0.02f, rectified: true);
        b.Output(b.Head(a, 8, Classes, "exit1"), q.Gemm(b.Flatten(second), 8, 0.02f, "exit2"), logits);
        return b;
    }

    /// <summary>Integer operators on integers.</summary>
    static OnnxBuilder Linear(int type)
    {
        var q = new Quantiser(type, perChannel: false);
        OnnxBuilder b = q.Builder;
        string x = q.Quantise(b.Input("image", -1, 3, 16, 16), 1 / 255f, rectified: true);
        string a = q.LinearConv(x, 3, 8, 1 / 255f, 0.02f);
        string c = q.LinearConv(a, 8, 8, 0.02f, 0.02f);
        string d = q.LinearConv(c, 8, Wide, 0.02f, 0.02f);
        string f = q.LinearConv(d, Wide, Wide, 0.02f, 0.02f);
        string floats = q.Dequantise(f, 0.02f, rectified: true), early = q.Dequantise(a, 0.02f, rectified: true);
        b.Output(b.Head(early, 8, Classes, "exit1"), b.Head(floats, Wide, Classes, "logits"));
        return b;
    }

    /// <summary>A pair before the activation and another one after it, and a pooling without any.</summary>
    static OnnxBuilder Apart(int type)
    {
        var q = new Quantiser(type, perChannel: false);
        OnnxBuilder b = q.Builder;
        string x = q.Pair(b.Input("image", -1, 3, 16, 16), 1 / 255f, rectified: true);
        float scale = 1 / 255f;
        for (int i = 0; i < 4; i++)
        {
            string conv = q.Pair(q.Conv(x, i == 0 ? 3 : 8, 8, scale), 0.031f, rectified: false);
            scale = 0.0173f;
            x = q.Pair(b.Relu(conv), scale, rectified: true);
            if (i == 1) x = b.MaxPool(x);
        }
        string side = b.Head(x, 8, Classes, "exit1");
        string last = q.Pair(b.Relu(q.Conv(x, 8, 8, scale)), 0.02f, rectified: true);
        b.Output(side, q.Gemm(b.Flatten(q.Pair(b.Gap(last), 0.02f, rectified: true)), 8, 0.02f, "logits"));
        return b;
    }

    /// <summary>Depthwise convolutions, Clip, x times Sigmoid(x), Concat, average pooling, a squeeze of channels.</summary>
    static OnnxBuilder Varied(int type)
    {
        var q = new Quantiser(type, perChannel: true);
        OnnxBuilder b = q.Builder;
        string x = q.Pair(b.Input("image", -1, 3, 16, 16), 1 / 255f, rectified: true);
        string six = b.Node("Clip", [q.Conv(x, 3, 8, 1 / 255f), b.Weight([], [0f]), b.Weight([], [6f])]);
        string a = q.Pair(six, 6 / 255f, rectified: true);
        string deep = q.Pair(b.Relu(q.Conv(a, 8, 8, 6 / 255f, groups: 8)), 0.021f, rectified: true);
        string plain = q.Pair(q.Conv(deep, 8, 8, 0.021f), 0.033f, rectified: false);
        string gate = q.Pair(b.Node("Sigmoid", [plain]), 1 / 256f, rectified: true);
        string swish = q.Pair(b.Node("Mul", [plain, gate]), 0.027f, rectified: false);
        string left = q.Pair(b.Relu(q.Conv(swish, 8, 4, 0.027f)), 0.019f, rectified: true);
        string right = q.Pair(b.Relu(q.Conv(swish, 8, 4, 0.027f)), 0.023f, rectified: true);
        string both = q.Pair(b.Node("Concat", [left, right], null, OnnxBuilder.Int("axis", 1)), 0.02309f, rectified: true);
        string pooled = q.Pair(
            b.Node("AveragePool", [both], null, OnnxBuilder.Ints("kernel_shape", 2, 2), OnnxBuilder.Ints("strides", 2, 2)), 0.01713f,
            rectified: true);
        string squeezed = q.Pair(b.Relu(q.Conv(q.Pair(b.Gap(pooled), 0.011f, rectified: true), 8, 8, 0.011f)), 0.013f, rectified: true);
        string weight = q.Pair(b.Node("Sigmoid", [squeezed]), 1 / 256f, rectified: true);
        string scaled = q.Pair(b.Node("Mul", [pooled, weight]), 0.01517f, rectified: true);
        string last = q.Pair(b.Relu(q.Conv(scaled, 8, 8, 0.01517f)), 0.02f, rectified: true);
        b.Output(b.Head(both, 8, Classes, "exit1"), q.Gemm(b.Flatten(q.Pair(b.Gap(last), 0.02f, rectified: true)), 8, 0.02f, "logits"));
        return b;
    }

    /// <summary>Two lanes that exchange all the time, so that no tensor crosses alone.</summary>
    static OnnxBuilder Lanes()
    {
        var q = new Quantiser(ElementType.UInt8, perChannel: false);
        OnnxBuilder b = q.Builder;
        string x = q.Pair(b.Input("image", -1, 3, 16, 16), 1 / 255f, rectified: true);
        string one = q.Pair(b.Relu(q.Conv(x, 3, 8, 1 / 255f)), 0.02f, rectified: true);
        string two = q.Pair(b.Relu(q.Conv(x, 3, 8, 1 / 255f)), 0.03f, rectified: true);
        for (int i = 0; i < 4; i++)
        {
            string added = q.Pair(b.Node("Add", [one, two]), 0.0437f, rectified: true);
            string next = q.Pair(b.Relu(q.Conv(added, 8, 8, 0.0437f)), 0.02f, rectified: true);
            two = q.Pair(b.Relu(q.Conv(one, 8, 8, 0.02f)), 0.03f, rectified: true);
            one = next;
        }
        string joined = q.Pair(b.Node("Add", [one, two]), 0.0437f, rectified: true);
        b.Output(q.Gemm(b.Flatten(q.Pair(b.Gap(joined), 0.02f, rectified: true)), 8, 0.02f, "logits"));
        return b;
    }

    sealed class Quantiser
    {
        readonly int _type;
        readonly bool _perChannel;
        readonly bool _symmetric;
        readonly Random _random = new(11);
        int _count;

        internal Quantiser(int type, bool perChannel, bool symmetric = false)
        {
            (_type, _perChannel, _symmetric) = (type, perChannel, symmetric);
            Builder.Model.OpsetImport[0].Version = type == ElementType.Int16 ? 21 : 17;
            if (type == ElementType.Int16) Builder.Model.IrVersion = 10;
        }

        internal OnnxBuilder Builder { get; } = new(seed: 12);

        internal string Pair(string x, float scale, bool rectified) => Dequantise(Quantise(x, scale, rectified), scale, rectified);

        internal string Quantise(string x, float scale, bool rectified) =>
            Builder.Node("QuantizeLinear", [x, Builder.Weight([], [Scale(scale)]), Zero(rectified)]);

        internal string Dequantise(string x, float scale, bool rectified) =>
            Builder.Node("DequantizeLinear", [x, Builder.Weight([], [Scale(scale)]), Zero(rectified)]);

        /// <summary>Integer weights and biases, made numbers by nodes.</summary>
        internal string Conv(string x, int from, int to, float inputScale, int groups = 1)
        {
            (string weight, string bias) = Layer([to, from / groups, 3, 3], 9 * from / groups, inputScale);
            return Builder.Node("Conv", [x, weight, bias], null, OnnxBuilder.Ints("pads", 1, 1, 1, 1), OnnxBuilder.Int("group", groups));
        }

        internal string Gemm(string x, int from, float inputScale, string output)
        {
            (string weight, string bias) = Layer([Classes, from], from, inputScale);
            return Builder.Node("Gemm", [x, weight, bias], output, OnnxBuilder.Int("transB", 1));
        }

        internal string LinearConv(string x, int from, int to, float inputScale, float outputScale)
        {
            float weightScale = WeightScale(9 * from);
            string weight = Integers(ElementType.Int8, [to, from, 3, 3], 127);
            return Builder.Node("QLinearConv",
                [x, Builder.Weight([], [inputScale]), Zero(rectified: true), weight, Builder.Weight([], [weightScale]),
                    Value(ElementType.Int8, 0), Builder.Weight([], [outputScale]), Zero(rectified: true)],
                null, OnnxBuilder.Ints("pads", 1, 1, 1, 1));
        }

        (string Weight, string Bias) Layer(long[] dims, int inputs, float inputScale)
        {
            float scale = WeightScale(inputs);
            long channels = dims[0];
            string zeros = _perChannel ? Zeros(ElementType.Int8, channels) : Value(ElementType.Int8, 0);
            float[] scales = [.. Enumerable.Range(0, _perChannel ? (int)channels : 1).Select(i => scale * (1 + (0.1f * i)))];
            long[] shape = _perChannel ? [channels] : [];
            AttributeProto[] axis = _perChannel ? [OnnxBuilder.Int("axis", 0)] : [];
            string weight = Builder.Node(
                "DequantizeLinear", [Integers(ElementType.Int8, dims, 127), Builder.Weight(shape, scales), zeros], null, axis);
            string zeros32 = _perChannel ? Zeros(ElementType.Int32, channels) : Value(ElementType.Int32, 0);
            string bias = Builder.Node(
                "DequantizeLinear",
                [Integers(ElementType.Int32, [channels], 3000), Builder.Weight(shape, [.. scales.Select(s => s * Scale(inputScale))]), zeros32],
                null, axis);
            return (weight, bias);
        }

        float Scale(float scale) => _type == ElementType.Int16 ? scale / 64 : scale;

        float WeightScale(int inputs) => 2.5f / (127 * MathF.Sqrt(inputs));

        string Zero(bool rectified) => Value(_type, _type switch
        {
            ElementType.UInt8 => rectified ? 0 : 120,
            ElementType.Int8 => _symmetric ? 0 : rectified ? -128 : 5,
            _ => 0,
        });

        string Value(int type, int value) => Add(new TensorProto { DataType = type, Int32Data = { value } });

        string Zeros(int type, long count) =>
            Add(new TensorProto { DataType = type, Dims = { count }, Int32Data = { new int[count] } });

        string Integers(int type, long[] dims, int most)
        {
            int[] values = [.. Enumerable.Range(0, (int)TensorInfo.Count(dims)).Select(_ => _random.Next(-most, most + 1))];
            return Add(new TensorProto { DataType = type, Dims = { dims }, Int32Data = { values } });
        }

        string Add(TensorProto tensor)
        {
            tensor.Name = $"n{++_count}";
            Builder.Graph.Initializer.Add(tensor);
            return tensor.Name;
        }
    }
}
