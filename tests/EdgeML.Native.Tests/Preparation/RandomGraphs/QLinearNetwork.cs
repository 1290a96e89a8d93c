using EdgeML.Native.Models.Onnx;

namespace EdgeML.Native.Tests.Preparation.RandomGraphs;

/// <summary>Quantised networks in operators of 8-bit tensors (QLinearConv and its like), and ones that quantise at run time
/// (DynamicQuantizeLinear with ConvInteger or MatMulInteger).</summary>
sealed class QLinearNetwork
{
    /// <summary>An 8-bit tensor and the numbers its values stand for.</summary>
    sealed record Whole(Activation Tensor, (string Scale, string Zero) Grid, float Step);

    readonly GraphDraft _d;
    readonly List<GraphOutput> _outputs = [];
    readonly int _type;
    readonly int _weightType;
    readonly int _classes;

    QLinearNetwork(GraphDraft d)
    {
        _d = d;
        _type = _d.Pick(ElementType.UInt8, ElementType.UInt8, ElementType.Int8);
        _weightType = _type == ElementType.Int8 ? ElementType.Int8 : _d.Pick(ElementType.Int8, ElementType.UInt8);
        _classes = _d.Between(3, 10);
    }

    internal static RandomGraph Make(int seed, GraphDraft d)
    {
        var network = new QLinearNetwork(d);
        Activation input = network._d.Input("image", 1, 3, network._d.Pick(8, 12), network._d.Pick(10, 12));
        bool dynamic = d.Opset >= 11 && network._d.Chance(0.25);
        if (dynamic) network.Dynamic(input);
        else network.Static(input);
        return new RandomGraph(
            seed, dynamic ? "quantised at run time" : "QLinear", network._d.Builder.Model, input.Dims, network._outputs, Precision.Quantised,
            network._d.Traits);
    }

    void Static(Activation input)
    {
        int exits = _d.Between(0, 1);
        Whole x = Quantise(input, 2.5f, signed: true);
        for (int block = exits + _d.Between(2, 4); block > 0; block--)
        {
            x = Block(x);
            if (_outputs.Count < exits && _d.Chance(0.7)) End(x, $"exit{_outputs.Count + 1}");
        }
        End(x, "logits");
    }

    Whole Block(Whole x)
    {
        switch (_d.Between(0, 7))
        {
            case 0 or 1: return Conv(x, MapBlocks.Width(_d), _d.Pick(1, 3, 3));
            case 2: return Conv(x, x.Tensor.Channels, 3, groups: x.Tensor.Channels);
            case 3:
                Whole y = Conv(Conv(x, x.Tensor.Channels, 3), x.Tensor.Channels, 3);
                return Own("QLinearAdd", 4, y.Tensor.Dims, Named(y), Named(x));
            case 4 when _d.Opset >= 12 && x.Tensor.Height >= 4 && x.Tensor.Width >= 4:
                Activation pooled = _d.Node(
                    "MaxPool", [x.Tensor.Name], [1, x.Tensor.Channels, x.Tensor.Height / 2, x.Tensor.Width / 2],
                    GraphDraft.Ints("kernel_shape", 2, 2), GraphDraft.Ints("strides", 2, 2));
                return x with { Tensor = pooled };
            case 5: return Own(_d.Pick("QLinearLeakyRelu", "QLinearSigmoid"), 1.2f, x.Tensor.Dims, Named(x));
            case 6:
                // A float part in the middle: there the network can be cut.
                return Quantise(_d.Apply(_d.Pick("Tanh", "Relu", "Softsign"), _d.Dequantise(x.Tensor, x.Grid)), 1.5f, signed: true);
            default:
                Activation turned = _d.Transpose(x.Tensor, 0, 1, 3, 2);
                return Conv(x with { Tensor = turned }, 8, 3);
        }
    }

    Whole Conv(Whole x, int to, int kernel, int groups = 1)
    {
        int channels = _d.Chance(0.5) ? to : 1, pad = kernel / 2, from = x.Tensor.Channels;
        (string weight, string scale, string zero, float[] scales) = _d.Rounded(
            Math.Sqrt(1.8 * groups / (from * kernel * kernel)), _weightType, channels, to, from / groups, kernel, kernel);
        bool rectified = _d.Chance(0.6);
        (float step, (string Scale, string Zero) grid) = Grid(3.5f, signed: !rectified);
        List<string> inputs = [.. Named(x), weight, scale, zero, grid.Scale, grid.Zero];
        if (_d.Chance(0.7)) inputs.Add(_d.Offsets(to, x.Step, scales));
        Activation made = _d.Node(
            "QLinearConv", [.. inputs], [1, to, x.Tensor.Height + (2 * pad) - kernel + 1, x.Tensor.Width + (2 * pad) - kernel + 1],
            GraphDraft.Ints("kernel_shape", kernel, kernel), GraphDraft.Ints("pads", pad, pad, pad, pad), GraphDraft.Int("group", groups));
        return new Whole(made, grid, step);
    }

    void End(Whole x, string name)
    {
        Whole pooled = Own("QLinearGlobalAveragePool", 1.5f, [1, x.Tensor.Channels, 1, 1], Named(x));
        int width = x.Tensor.Channels;
        Activation scores;
        double step;
        if (_d.Chance(0.5))
        {
            Activation flat = _d.Reshape(pooled.Tensor, 1, width);
            (string weight, string scale, string zero, _) = _d.Rounded(2 / Math.Sqrt(width), _weightType, 1, width, _classes);
            (float last, (string Scale, string Zero) grid) = Grid(4, signed: true);
            flat = _d.Node(
                "QLinearMatMul", [flat.Name, pooled.Grid.Scale, pooled.Grid.Zero, weight, scale, zero, grid.Scale, grid.Zero], [1, _classes]);
            (scores, step) = (_d.Dequantise(flat, grid), last);
        }
        else
        {
            Activation flat = _d.Node("Flatten", [_d.Dequantise(pooled.Tensor, pooled.Grid).Name], [1, width], GraphDraft.Int("axis", 1));
            (scores, step) = Product(flat, pooled.Step);
        }
        Finish(scores, name, step);
    }

    void Dynamic(Activation x)
    {
        Activation flat = _d.Node("Flatten", [x.Name], [1, x.Elements], GraphDraft.Int("axis", 1));
        for (int layer = 0; layer < 2; layer++)
        {
            int to = _d.Pick(16, 24, 33);
            flat = _d.Apply("Relu", AtRunTime(flat, to, 1.4));
            if (layer == 0 && _d.Chance(0.5)) EndDynamic(flat, "exit1");
        }
        EndDynamic(flat, "logits");
    }

    void EndDynamic(Activation x, string name)
    {
        // The steps of a run-time scale depend on the input; activations here stay within 8.
        (Activation scores, double step) = Product(x, 8.0 / 255);
        Finish(scores, name, step);
    }

    Activation AtRunTime(Activation x, int to, double gain)
    {
        string name = $"dynamic{_d.Graph.Node.Count}";
        _d.Traits.Add("DynamicQuantizeLinear");
        _d.Graph.Node.Add(new NodeProto
        {
            OpType = "DynamicQuantizeLinear",
            Name = name,
            Input = { x.Name },
            Output = { name + "_y", name + "_scale", name + "_zero" },
        });
        (string weight, string scale, string zero, _) = _d.Rounded(gain / Math.Sqrt(x.Elements), ElementType.UInt8, 1, x.Elements, to);
        Activation product = _d.Node("MatMulInteger", [name + "_y", weight, name + "_zero", zero], [1, to]);
        product = _d.Apply("Cast", product, GraphDraft.Int("to", ElementType.Float));
        string steps = _d.Node("Mul", [name + "_scale", scale], []).Name;
        return _d.Apply("Add", _d.Apply("Mul", product, steps), _d.Weight(0.1, to));
    }

    /// <summary>A float product at the end, and by how much one step of every element of its input moves a score.</summary>
    (Activation Scores, double Step) Product(Activation x, double step)
    {
        float[] values = _d.Values(_classes * x.Elements, 2 / Math.Sqrt(x.Elements));
        string weight = _d.Builder.Weight([_classes, x.Elements], values);
        Activation scores = _d.Node("Gemm", [x.Name, weight, _d.Weight(0.1, _classes)], [1, _classes], GraphDraft.Int("transB", 1));
        return (scores, step * values.Chunk(values.Length / _classes).Max(row => row.Sum(Math.Abs)));
    }

    void Finish(Activation scores, string name, double step)
    {
        _d.Rename(scores, name);
        _outputs.Add(new GraphOutput(name, name, step));
        _d.Builder.Output(name);
    }

    Whole Quantise(Activation x, float reach, bool signed)
    {
        (float step, (string, string) grid) = Grid(reach, signed);
        return new Whole(_d.Quantise(x, grid), grid, step);
    }

    /// <summary>An operator of ONNX Runtime's own domain; its inputs, then the grid of its output.</summary>
    Whole Own(string op, float reach, long[] dims, params string[][] inputs)
    {
        (float step, (string Scale, string Zero) grid) = Grid(reach, signed: true);
        List<AttributeProto> attributes = [];
        if (op == "QLinearGlobalAveragePool") attributes.Add(GraphDraft.Int("channels_last", 0));
        if (op == "QLinearLeakyRelu") attributes.Add(GraphDraft.Float("alpha", 0.1f));
        Activation made = _d.Contrib(op, [.. inputs.SelectMany(each => each), grid.Scale, grid.Zero], dims, [.. attributes]);
        return new Whole(made, grid, step);
    }

    static string[] Named(Whole x) => [x.Tensor.Name, x.Grid.Scale, x.Grid.Zero];

    (float Step, (string Scale, string Zero) Grid) Grid(float reach, bool signed)
    {
        float step = signed ? reach / 127 : reach / 255;
        int zero = _type == ElementType.UInt8 ? signed ? 128 : 0 : signed ? 0 : -128;
        return (step, _d.Grid(step, zero, _type));
    }
}
