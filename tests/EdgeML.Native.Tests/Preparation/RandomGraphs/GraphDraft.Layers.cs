using EdgeML.Native.Models.Onnx;

namespace EdgeML.Native.Tests.Preparation.RandomGraphs;

/// <content>Layers with weights.</content>
sealed partial class GraphDraft
{
    /// <summary>A convolution over a map or a sequence, padded in one of the ways that exporters write.</summary>
    internal Activation Conv(Activation x, int to, int kernel, int stride = 1, int dilation = 1, int groups = 1)
    {
        int space = x.Rank - 2, reach = dilation * (kernel - 1);
        string weight = Weight(Math.Sqrt(1.8 * groups / (x.Channels * Math.Pow(kernel, space))),
            [to, x.Channels / groups, .. Enumerable.Repeat((long)kernel, space)]);
        List<AttributeProto> attributes = [Ints("kernel_shape", Each(kernel)), Ints("strides", Each(stride)), Int("group", groups)];
        if (dilation > 1 || Chance(0.3)) attributes.Add(Ints("dilations", Each(dilation)));
        long[] dims = [1, to, .. x.Dims[2..]];
        bool fits = x.Dims[2..].All(dim => dim > reach + 2);
        switch (Between(0, 9))
        {
            case 0 when dilation == 1:
                attributes.Add(Text("auto_pad", Pick("SAME_UPPER", "SAME_LOWER")));
                for (int i = 2; i < dims.Length; i++) dims[i] = (dims[i] + stride - 1) / stride;
                break;
            case 1 when fits:
                Traits.Add("Conv without pads");
                if (Chance(0.5)) attributes.Add(Text("auto_pad", "VALID"));
                for (int i = 2; i < dims.Length; i++) dims[i] = ((dims[i] - reach - 1) / stride) + 1;
                break;
            case 2 when kernel > 1:
                Traits.Add("Conv with uneven pads");
                long[] uneven = [.. Enumerable.Range(0, 2 * space).Select(_ => (long)Between(reach / 2, reach))];
                attributes.Add(Ints("pads", uneven));
                for (int i = 0; i < space; i++) dims[i + 2] = ((dims[i + 2] + uneven[i] + uneven[space + i] - reach - 1) / stride) + 1;
                break;
            default:
                attributes.Add(Ints("pads", [.. Each(reach / 2), .. Each(reach / 2)]));
                for (int i = 2; i < dims.Length; i++) dims[i] = ((dims[i] + (2 * (reach / 2)) - reach - 1) / stride) + 1;
                break;
        }
        if (groups > 1) Traits.Add(groups == x.Channels ? "depthwise Conv" : "grouped Conv");
        if (dilation > 1) Traits.Add("dilated Conv");
        return Node("Conv", Chance(0.7) ? [x.Name, weight, Weight(0.1, to)] : [x.Name, weight], dims, [.. attributes]);

        long[] Each(long value) => [.. Enumerable.Repeat(value, space)];
    }

    /// <summary>A transposed convolution that doubles both directions.</summary>
    internal Activation ConvTranspose(Activation x, int to, int groups)
    {
        (int kernel, int pad, int extra) = Pick((2, 0, 0), (3, 1, 1), (4, 1, 0));
        string weight = Weight(Math.Sqrt(4.0 * groups / (x.Channels * kernel * kernel)), x.Channels, to / groups, kernel, kernel);
        return Node(
            "ConvTranspose", Chance(0.6) ? [x.Name, weight, Weight(0.1, to)] : [x.Name, weight], [1, to, 2 * x.Height, 2 * x.Width],
            Ints("kernel_shape", kernel, kernel), Ints("strides", 2, 2), Ints("pads", pad, pad, pad, pad),
            Ints("output_padding", extra, extra), Int("group", groups));
    }

    /// <summary>A dense layer over the last axis: a product and a sum, or a Gemm for what has two axes.</summary>
    internal Activation Dense(Activation x, int to, double gain = 1, bool offset = true)
    {
        int from = (int)x.Dims[^1];
        double deviation = gain * Math.Sqrt(1.0 / from);
        if (x.Rank == 2 && Chance(0.6))
        {
            bool turned = Chance(0.6);
            string weight = turned ? Weight(deviation, to, from) : Weight(deviation, from, to);
            List<AttributeProto> attributes = [Int("transB", turned ? 1 : 0)];
            if (Chance(0.2)) attributes.Add(Float("alpha", 0.75f));
            // A Gemm without its third input came with operator set 11.
            string[] inputs = offset || Opset < 11 ? [x.Name, weight, Weight(0.1 * gain, to)] : [x.Name, weight];
            return Node("Gemm", inputs, [x.Dims[0], to], [.. attributes]);
        }
        Activation product = Node("MatMul", [x.Name, Matrix(deviation, from, to)], [.. x.Dims[..^1], to]);
        return offset ? Apply("Add", product, Weight(0.1 * gain, to)) : product;
    }

    /// <summary>A recurrent layer over a sequence [1, T, D], whose states are [1, T, H].</summary>
    internal Activation Recurrent(Activation x, int hidden)
    {
        (int length, int width) = ((int)x.Dims[1], (int)x.Dims[2]);
        (string op, int gates) = Pick(("LSTM", 4), ("GRU", 3), ("GRU", 3), ("RNN", 1));
        int ways = Chance(0.3) ? 2 : 1;
        Activation first = Transpose(x, 1, 0, 2);
        string[] inputs = [first.Name, Weight(0.6 / Math.Sqrt(width), ways, gates * hidden, width),
            Weight(0.6 / Math.Sqrt(hidden), ways, gates * hidden, hidden), Weight(0.1, ways, 2 * gates * hidden)];
        List<AttributeProto> attributes = [Int("hidden_size", hidden)];
        if (ways == 2) attributes.Add(Text("direction", "bidirectional"));
        if (op == "GRU" && Chance(0.7)) attributes.Add(Int("linear_before_reset", 1));
        Activation states = Node(op, inputs, [length, ways, 1, hidden], [.. attributes]);
        if (ways == 1) return Transpose(Squeeze(states, 1), 1, 0, 2);
        return Transpose(Reshape(Transpose(states, 0, 2, 1, 3), length, 1, 2 * hidden), 1, 0, 2);
    }
}
