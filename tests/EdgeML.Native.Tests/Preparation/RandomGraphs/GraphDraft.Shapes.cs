using EdgeML.Native.Models.Onnx;

namespace EdgeML.Native.Tests.Preparation.RandomGraphs;

/// <content>Operators whose arguments moved from attributes to inputs over the years.</content>
sealed partial class GraphDraft
{
    internal Activation Transpose(Activation x, params int[] order) =>
        Node("Transpose", [x.Name], [.. order.Select(axis => x.Dims[axis])], Ints("perm", [.. order.Select(axis => (long)axis)]));

    /// <summary>To a new shape, written plainly, with -1, with 0, or computed from a shape that is read at run time.</summary>
    internal Activation Reshape(Activation x, params long[] dims)
    {
        long[] written = [.. dims];
        bool sameBatch = dims[0] == x.Dims[0];
        if (Chance(0.3)) written[Array.LastIndexOf(dims, dims.Max())] = -1;
        if (sameBatch && written[0] != -1 && Chance(0.2)) written[0] = 0;
        string shape = sameBatch && written[0] != -1 && Chance(0.15) ? ReadShape(x, written) : Builder.Integers(written);
        return Node("Reshape", [x.Name, shape], dims);
    }

    internal Activation Flatten(Activation x) => Chance(0.6)
        ? Node("Flatten", [x.Name], [1, x.Elements], Int("axis", 1))
        : Reshape(x, 1, x.Elements);

    internal Activation Squeeze(Activation x, params long[] axes) => Opset < 13
        ? Node("Squeeze", [x.Name], Without(x.Dims, axes), Ints("axes", axes))
        : Node("Squeeze", [x.Name, Builder.Integers(axes)], Without(x.Dims, axes));

    internal Activation Unsqueeze(Activation x, params long[] axes)
    {
        var dims = new List<long>(x.Dims);
        foreach (long axis in axes) dims.Insert((int)axis, 1);
        return Opset < 13
            ? Node("Unsqueeze", [x.Name], [.. dims], Ints("axes", axes))
            : Node("Unsqueeze", [x.Name, Builder.Integers(axes)], [.. dims]);
    }

    /// <summary>Elements first..last - 1 of an axis, every <paramref name="step"/>th.</summary>
    internal Activation Slice(Activation x, int axis, long first, long last, long step = 1)
    {
        long[] dims = [.. x.Dims];
        dims[axis] = (last - first + step - 1) / step;
        if (Opset < 10)
        {
            if (step != 1) throw new ArgumentException($"operator set {Opset} has no steps");
            return Node("Slice", [x.Name], dims, Ints("axes", axis), Ints("starts", first), Ints("ends", last));
        }
        long written = last == x.Dims[axis] && Chance(0.5) ? long.MaxValue : last;
        return Node(
            "Slice",
            [x.Name, Builder.Integers(first), Builder.Integers(written), Builder.Integers(axis), Builder.Integers(step)],
            dims);
    }

    internal Activation[] Split(Activation x, int axis, params long[] sizes)
    {
        Traits.Add("Split");
        string name = x.Name + "_part" + Graph.Node.Count;
        var node = new NodeProto { OpType = "Split", Name = name, Input = { x.Name }, Attribute = { Int("axis", axis) } };
        bool even = Array.TrueForAll(sizes, size => size == sizes[0]);
        if (Opset < 13) node.Attribute.Add(Ints("split", sizes));
        else if (Opset >= 18 && even && Chance(0.5)) node.Attribute.Add(Int("num_outputs", sizes.Length));
        else if (Opset >= 18 || !even || Chance(0.5)) node.Input.Add(Builder.Integers(sizes));
        node.Output.Add(sizes.Select((_, i) => $"{name}_{i}"));
        Graph.Node.Add(node);
        return [.. sizes.Select((size, i) => new Activation(
            $"{name}_{i}", [.. x.Dims.Select((dim, a) => a == axis ? size : dim)]))];
    }

    internal Activation Concat(int axis, params Activation[] parts)
    {
        long[] dims = [.. parts[0].Dims];
        dims[axis] = parts.Sum(part => part.Dims[axis]);
        return Node("Concat", [.. parts.Select(part => part.Name)], dims, Int("axis", Chance(0.3) ? axis - dims.Length : axis));
    }

    internal Activation Gather(Activation x, int axis, params long[] indices)
    {
        long[] dims = [.. x.Dims];
        dims[axis] = indices.Length;
        return Node("Gather", [x.Name, Builder.Integers(indices)], dims, Int("axis", axis));
    }

    /// <summary>One element of an axis, which disappears.</summary>
    internal Activation GatherOne(Activation x, int axis, long index) =>
        Node("Gather", [x.Name, Builder.Weight64(index)], Without(x.Dims, axis), Int("axis", axis));

    /// <summary>Pads with zeros, another value, the edge, or a reflection; the first half of <paramref name="pads"/> goes before.</summary>
    internal Activation Pad(Activation x, string mode, float value, params long[] pads)
    {
        int rank = x.Rank;
        long[] dims = [.. x.Dims.Select((dim, axis) => dim + pads[axis] + pads[rank + axis])];
        Traits.Add($"Pad {mode}");
        if (Opset < 11) return Node("Pad", [x.Name], dims, Ints("pads", pads), Text("mode", mode), Float("value", value));
        string[] inputs = value == 0 && Chance(0.5)
            ? [x.Name, Builder.Integers(pads)]
            : [x.Name, Builder.Integers(pads), Scalar(value)];
        return Node("Pad", inputs, dims, Text("mode", mode));
    }

    internal Activation Reduce(string op, Activation x, bool keep, params long[] axes)
    {
        long[] dims = keep ? [.. x.Dims.Select((dim, i) => axes.Contains(i) ? 1 : dim)] : Without(x.Dims, axes);
        AttributeProto kept = Int("keepdims", keep ? 1 : 0);
        return Opset < (op == "ReduceSum" ? 13 : 18)
            ? Node(op, [x.Name], dims, Ints("axes", axes), kept)
            : Node(op, [x.Name, Builder.Integers(axes)], dims, kept);
    }

    internal Activation Clip(Activation x, float low, float high) => Opset < 11
        ? Apply("Clip", x, Float("min", low), Float("max", high))
        : Node("Clip", [x.Name, Scalar(low), Scalar(high)], x.Dims);

    /// <summary>Over the last axis; before operator set 13 a softmax flattens what follows its axis.</summary>
    internal Activation Softmax(Activation x, string op = "Softmax") =>
        Apply(op, x, Int("axis", Opset >= 13 && Chance(0.5) ? -1 : x.Rank - 1));

    /// <summary>Every pixel twice in both directions.</summary>
    internal Activation Double(Activation x)
    {
        long[] dims = [x.Dims[0], x.Dims[1], 2 * x.Dims[2], 2 * x.Dims[3]];
        string mode = Chance(0.5) ? "nearest" : "linear";
        string scales = Builder.Weight([4], [1, 1, 2, 2]);
        return Opset switch
        {
            9 => Node("Upsample", [x.Name, scales], dims, Text("mode", mode)),
            10 => Node("Resize", [x.Name, scales], dims, Text("mode", mode)),
            < 13 => Node("Resize", [x.Name, Builder.Weight([8], [0, 0, 0, 0, 1, 1, 1, 1]), scales], dims, Rule(mode)),
            _ => Node("Resize", [x.Name, "", scales], dims, Rule(mode)),
        };

        AttributeProto[] Rule(string how) => how == "nearest"
            ? [Text("mode", how), Text("coordinate_transformation_mode", "asymmetric"), Text("nearest_mode", "floor")]
            : [Text("mode", how), Text("coordinate_transformation_mode", Pick("half_pixel", "align_corners", "asymmetric"))];
    }

    string ReadShape(Activation x, long[] written)
    {
        Traits.Add("Shape");
        string batch = Builder.Node("Gather", [Builder.Node("Shape", [x.Name]), Builder.Weight64(0)]);
        string first = Unsqueeze(new Activation(batch), 0).Name;
        return Builder.Node("Concat", [first, Builder.Integers(written[1..])], null, Int("axis", 0));
    }

    static long[] Without(long[] dims, params long[] axes) => [.. dims.Where((_, i) => !axes.Contains(i))];
}
