using EdgeML.Native.Models.Onnx;

namespace EdgeML.Native.Tests.Preparation.RandomGraphs;

/// <summary>Poolings of every kind, and paddings in front of operators that optimizers merge them with.</summary>
static class PoolBlocks
{
    internal static Activation Any(GraphDraft d, Activation x)
    {
        if (x.Height < 4 || x.Width < 4) return MapBlocks.Convolution(d, x);
        return d.Between(0, 5) switch
        {
            0 or 1 => Pool(d, x, "MaxPool"),
            2 => Pool(d, x, "AveragePool"),
            3 => Pool(d, x, "LpPool"),
            _ => Padded(d, x),
        };
    }

    static Activation Pool(GraphDraft d, Activation x, string op)
    {
        int kernel = d.Pick(2, 3), stride = d.Pick(1, 2, 2), dilation = 1;
        List<AttributeProto> attributes = [GraphDraft.Ints("kernel_shape", kernel, kernel), GraphDraft.Ints("strides", stride, stride)];
        if (d.Opset >= (op == "MaxPool" ? 10 : 19) && op != "LpPool" && x.Height > 6 && x.Width > 6 && d.Chance(0.2))
        {
            d.Traits.Add($"dilated {op}");
            attributes.Add(GraphDraft.Ints("dilations", dilation = 2, 2));
        }
        int reach = dilation * (kernel - 1);
        long[] pads = [0, 0, 0, 0];
        if (dilation == 1 && op != "LpPool" && d.Chance(0.15))
        {
            attributes.Add(GraphDraft.Text("auto_pad", d.Pick("SAME_UPPER", "SAME_LOWER")));
            return d.Node(op, [x.Name], [1, x.Channels, (x.Height + stride - 1) / stride, (x.Width + stride - 1) / stride], [.. attributes]);
        }
        if (d.Chance(0.5))
        {
            pads = [.. pads.Select(_ => (long)d.Between(0, kernel - 1))];
            attributes.Add(GraphDraft.Ints("pads", pads));
        }
        if (op == "AveragePool" && d.Chance(0.4)) attributes.Add(GraphDraft.Int("count_include_pad", 1));
        bool ceil = d.Opset >= (op == "LpPool" ? 18 : 10) && d.Chance(0.7) && Ceiled(0) is not null && Ceiled(1) is not null;
        if (ceil)
        {
            d.Traits.Add($"{op} with ceil_mode");
            attributes.Add(GraphDraft.Int("ceil_mode", 1));
        }
        return d.Node(op, [x.Name], [1, x.Channels, Size(0), Size(1)], [.. attributes]);

        long Room(int side) => x.Dims[side + 2] + pads[side] + pads[side + 2] - reach - 1;
        long Size(int side) => ceil ? Ceiled(side)!.Value : (Room(side) / stride) + 1;

        // Where the last window would begin outside the map, operator sets before 22 disagree with those after on its size.
        long? Ceiled(int side)
        {
            long size = ((Room(side) + stride - 1) / stride) + 1;
            return (size - 1) * stride < x.Dims[side + 2] + pads[side] ? size : null;
        }
    }

    /// <summary>A Pad right in front of a convolution or a pooling.</summary>
    static Activation Padded(GraphDraft d, Activation x)
    {
        string mode = d.Pick("constant", "constant", "constant", "reflect", "edge");
        long[] around = [d.Between(0, 1), d.Between(0, 2), d.Between(0, 1), d.Between(0, 2)];
        // Some activations are negative everywhere around, where a zero wins a maximum.
        if (d.Chance(0.5)) x = d.Apply("Sub", x, d.Scalar(0.7f));
        Activation padded = d.Pad(x, mode, d.Pick(0f, 0f, 0f, 0.5f), [0, 0, around[0], around[1], 0, 0, around[2], around[3]]);
        string op = d.Pick("Conv", "MaxPool", "AveragePool");
        d.Traits.Add($"Pad and {op}");
        int kernel = d.Pick(2, 3), stride = d.Pick(1, 2), to = op == "Conv" ? MapBlocks.Width(d) : x.Channels;
        long[] dims = [1, to, ((padded.Height - kernel) / stride) + 1, ((padded.Width - kernel) / stride) + 1];
        List<AttributeProto> attributes = [GraphDraft.Ints("kernel_shape", kernel, kernel), GraphDraft.Ints("strides", stride, stride)];
        if (op != "Conv") return d.Node(op, [padded.Name], dims, [.. attributes]);
        string weight = d.Weight(Math.Sqrt(1.8 / (x.Channels * kernel * kernel)), to, x.Channels, kernel, kernel);
        return d.Apply("Relu", d.Node(op, [padded.Name, weight, d.Weight(0.1, to)], dims, [.. attributes]));
    }
}
