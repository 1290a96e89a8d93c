using EdgeML.Native.Models.Onnx;

namespace EdgeML.Native.Tests.Preparation.RandomGraphs;

/// <summary>Quantised networks in float operators between QuantizeLinear and DequantizeLinear pairs, as training-aware quantisation
/// and most converters write them.</summary>
sealed class QdqNetwork
{
    readonly GraphDraft _d;
    readonly List<GraphOutput> _outputs = [];
    readonly int _type;
    readonly int _weightType;
    readonly bool _perChannel;
    readonly bool _offsetsRounded;
    readonly int _classes;
    float _scale;

    QdqNetwork(GraphDraft d)
    {
        _d = d;
        _type = _d.Pick(ElementType.UInt8, ElementType.UInt8, ElementType.Int8);
        _weightType = _d.Pick(ElementType.Int8, ElementType.Int8, ElementType.UInt8);
        _perChannel = _d.Opset >= 13 && _d.Chance(0.5);
        _offsetsRounded = _d.Chance(0.8);
        _classes = _d.Between(3, 10);
    }

    internal static RandomGraph Make(int seed, GraphDraft d)
    {
        var network = new QdqNetwork(d);
        return network.Build(seed);
    }

    RandomGraph Build(int seed)
    {
        int exits = _d.Between(0, 2);
        Activation input = _d.Input("image", 1, 3, _d.Pick(12, 14, 15), _d.Pick(12, 16)), x = Pair(input, 2.5f, signed: true);
        for (int block = exits + _d.Between(2, 4); block > 0; block--)
        {
            x = Block(x);
            if (_outputs.Count < exits && _d.Chance(0.7)) End(x, $"exit{_outputs.Count + 1}");
        }
        End(x, "logits");
        return new RandomGraph(seed, "QDQ", _d.Builder.Model, input.Dims, _outputs, Precision.Quantised, _d.Traits);
    }

    Activation Block(Activation x)
    {
        switch (_d.Between(0, 8))
        {
            case 0 or 1 or 2:
                return Rectified(Conv(x, MapBlocks.Width(_d), _d.Pick(1, 3, 3), x.Height > 6 && x.Width > 6 && _d.Chance(0.3) ? 2 : 1));
            case 3:
                return Rectified(Conv(x, x.Channels, 3, 1, groups: x.Channels));
            case 4:
                Activation y = Pair(Conv(Rectified(Conv(x, x.Channels, 3)), x.Channels, 3), 3, signed: true);
                Activation sum = _d.Apply("Add", y, x);
                return _d.Chance(0.7) ? Rectified(sum) : Pair(sum, 4, signed: true);
            case 5 when x.Height >= 4 && x.Width >= 4:
                string op = _d.Pick("MaxPool", "AveragePool");
                return Pair(_d.Node(
                    op, [x.Name], [1, x.Channels, x.Height / 2, x.Width / 2], GraphDraft.Ints("kernel_shape", 2, 2),
                    GraphDraft.Ints("strides", 2, 2)), _scale * (op == "MaxPool" ? 127 : 113), signed: true); // no means right between two steps
            case 6:
                (Activation one, Activation three) = (Rectified(Conv(x, 6, 1)), Rectified(Conv(x, 8, 3)));
                return Pair(_d.Concat(1, one, three), 3.5f, signed: false);
            case 7:
                return Pair(_d.Apply(_d.Pick("Sigmoid", "LeakyRelu", "Tanh"), Pair(Conv(x, 8, 3), 3, signed: true)), 1.5f, signed: true);
            default:
                Activation turned = Pair(_d.Transpose(x, 0, 1, 3, 2), _scale * 127, signed: true);
                return Rectified(Conv(turned, 8, 3));
        }
    }

    Activation Conv(Activation x, int to, int kernel, int stride = 1, int groups = 1)
    {
        float scale = _scale;
        long[] dims = [to, x.Channels / groups, kernel, kernel];
        int zeros = _perChannel ? to : 1;
        (string weight, string step, string zero, float[] scales) = _d.Rounded(
            Math.Sqrt(1.8 * groups / (x.Channels * kernel * kernel)), _weightType, zeros, dims);
        AttributeProto[] axis = _perChannel ? [GraphDraft.Int("axis", 0)] : [];
        string filters = _d.Node("DequantizeLinear", [weight, step, zero], dims, axis).Name;
        string offsets = _offsetsRounded
            ? _d.Node("DequantizeLinear", [_d.Offsets(to, scale, scales), _d.Builder.Weight(zeros == 1 ? [] : [zeros],
                [.. scales.Select(s => s * scale)]), _d.Narrow(ElementType.Int32, zeros == 1 ? [] : [zeros], new int[zeros])], [to], axis).Name
            : _d.Weight(0.1, to);
        int pad = kernel / 2;
        return _d.Node(
            "Conv", [x.Name, filters, offsets],
            [1, to, ((x.Height + (2 * pad) - kernel) / stride) + 1, ((x.Width + (2 * pad) - kernel) / stride) + 1],
            GraphDraft.Ints("kernel_shape", kernel, kernel), GraphDraft.Ints("pads", pad, pad, pad, pad),
            GraphDraft.Ints("strides", stride, stride), GraphDraft.Int("group", groups));
    }

    Activation Rectified(Activation x) => Pair(_d.Apply("Relu", x), 3.5f, signed: false);

    /// <summary>Rounds to 256 steps that reach from 0, or from minus the reach, to the reach.</summary>
    Activation Pair(Activation x, float reach, bool signed)
    {
        _scale = signed ? reach / 127 : reach / 255;
        int zero = _type == ElementType.UInt8 ? signed ? 128 : 0 : signed ? 0 : -128;
        (string, string) grid = _d.Grid(_scale, zero, _type);
        return _d.Dequantise(_d.Quantise(x, grid), grid);
    }

    void End(Activation x, string name)
    {
        float before = _scale;
        if (_d.Chance(0.7))
        {
            x = _d.Node("GlobalAveragePool", [x.Name], [1, x.Channels, 1, 1]);
            if (_d.Chance(0.7)) x = Pair(x, 1.2f, signed: true);
        }
        x = _d.Node("Flatten", [x.Name], [1, x.Elements], GraphDraft.Int("axis", 1));
        bool rounded = _d.Chance(0.5);
        double deviation = 2 / Math.Sqrt(x.Elements), step;
        if (rounded)
        {
            (string weight, string scale, string zero, float[] scales) = _d.Rounded(deviation, _weightType, 1, _classes, x.Elements);
            string matrix = _d.Node("DequantizeLinear", [weight, scale, zero], [_classes, x.Elements]).Name;
            string offsets = _d.Node("DequantizeLinear", [_d.Offsets(_classes, _scale, scales),
                _d.Builder.Weight([], [scales[0] * _scale]), _d.Narrow(ElementType.Int32, [], [0])], [_classes]).Name;
            x = Pair(_d.Node("Gemm", [x.Name, matrix, offsets], [1, _classes], GraphDraft.Int("transB", 1)), 4, signed: true);
            step = _scale;
        }
        else
        {
            float[] values = _d.Values(_classes * x.Elements, deviation);
            string weight = _d.Builder.Weight([_classes, x.Elements], values), offsets = _d.Weight(0.1, _classes);
            x = _d.Node("Gemm", [x.Name, weight, offsets], [1, _classes], GraphDraft.Int("transB", 1));
            step = _scale * values.Chunk(values.Length / _classes).Max(row => row.Sum(Math.Abs));
        }
        _scale = before;
        _d.Rename(x, name);
        _outputs.Add(new GraphOutput(name, name, step));
        _d.Builder.Output(name);
    }
}
