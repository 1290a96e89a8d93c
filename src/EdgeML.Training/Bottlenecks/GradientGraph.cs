using EdgeML.Native.Models.Onnx;

namespace EdgeML.Training.Bottlenecks;

/// <summary>A network after a cut with its derivative: a graph that takes the tensor there and target probabilities, and puts out the
/// logits and the gradient of <see cref="SoftAnswer.Loss"/> by the tensor. The inference library computes both; no training library is
/// needed.</summary>
sealed class GradientGraph
{
    const int Float = 1, IntType = 2;
    readonly GraphProto _graph;
    readonly HashSet<string> _moving = [];
    readonly Dictionary<string, string> _gradients = [];
    int _names;

    GradientGraph(GraphProto graph) => _graph = graph;

    /// <summary>Name of the second input.</summary>
    const string Target = "edgeml/target";

    /// <summary>Builds it, or says null where a layer has no derivative here: known are convolutions of stride 1, ReLU, maximum and
    /// global mean pooling, matrix products, sums, and operators that only change shapes.</summary>
    /// <param name="tail">The network after the cut, weights inline.</param>
    public static byte[]? Build(RangeModel tail)
    {
        ModelProto model = ModelProto.Parser.ParseFrom(tail.Onnx);
        string logits = tail.Logits ?? throw new ArgumentException("the range has no logits", nameof(tail));
        var builder = new GradientGraph(model.Graph);
        return builder.TryBuild(tail.Input, logits) ? Google.Protobuf.MessageExtensions.ToByteArray(model) : null;
    }

    bool TryBuild(string input, string logits)
    {
        NodeProto[] forward = [.. _graph.Node];
        _moving.Add(input);
        foreach (NodeProto node in forward)
        {
            if (node.Input.Any(_moving.Contains)) _moving.UnionWith(node.Output.Where(name => name.Length > 0));
        }
        ValueInfoProto shape = _graph.Output.Single(output => output.Name == logits);
        _graph.Input.Add(new ValueInfoProto(shape) { Name = Target });
        string soft = Emit("Div", [logits, Constant(SoftAnswer.Softening)]);
        _gradients[logits] = Emit("Sub", [Emit("Softmax", [soft], ("axis", 1)), Target]);
        foreach (NodeProto node in Enumerable.Reverse(forward))
        {
            if (node.Output.Count == 0 || !_gradients.TryGetValue(node.Output[0], out string? gradient)) continue;
            if (!TryStep(node, gradient)) return false;
        }
        if (!_gradients.TryGetValue(input, out string? found)) return false;
        _graph.Output.Clear();
        _graph.Output.Add(new ValueInfoProto(shape));
        _graph.Output.Add(new ValueInfoProto(_graph.Input[0]) { Name = found });
        return true;
    }

    /// <summary>Carries the gradient from a node's output to its inputs.</summary>
    bool TryStep(NodeProto node, string gradient)
    {
        if (!node.Input.Any(_moving.Contains)) return true;
        switch (node.OpType)
        {
            case "Relu":
                string open = Emit("Cast", [Emit("Greater", [node.Output[0], Constant(0f)])], ("to", Float));
                return Carry(node.Input[0], Emit("Mul", [gradient, open]));
            case "Conv" when IsPlain(node) && !_moving.Contains(node.Input[1]):
                string spread = EmitLike("ConvTranspose", [gradient, node.Input[1]], node, "kernel_shape", "pads", "dilations", "group");
                return Carry(node.Input[0], spread);
            case "MaxPool" when node.Output.Count == 1 && Tiles(node):
                node.Output.Add(Fresh());
                string[] inputs = [gradient, node.Output[1], Emit("Shape", [node.Input[0]])];
                return Carry(node.Input[0], EmitLike("MaxUnpool", inputs, node, "kernel_shape", "strides"));
            case "GlobalAveragePool":
                string share = Emit("Div", [Size(gradient), Size(node.Input[0])]);
                return Carry(node.Input[0], Emit("Expand", [Emit("Mul", [gradient, share]), Emit("Shape", [node.Input[0]])]));
            case "Gemm" when IsPlainProduct(node) && !_moving.Contains(node.Input[1]):
                return Carry(node.Input[0], Emit("Gemm", [gradient, node.Input[1]], ("transB", 1 - Attribute(node, "transB", 0))));
            case "Flatten" or "Reshape" or "Squeeze" or "Unsqueeze":
                return Carry(node.Input[0], Emit("Reshape", [gradient, Emit("Shape", [node.Input[0]])]));
            case "Identity" or "Dropout":
                return Carry(node.Input[0], gradient);
            case "Add" when node.Input.All(_moving.Contains):
                return Carry(node.Input[0], gradient) && Carry(node.Input[1], gradient);
            default:
                return false;
        }
    }

    bool Carry(string tensor, string gradient)
    {
        if (_moving.Contains(tensor))
            _gradients[tensor] = _gradients.TryGetValue(tensor, out string? other) ? Emit("Add", [other, gradient]) : gradient;
        return true;
    }

    static bool IsPlain(NodeProto conv) =>
        conv.Attribute.All(each => each.Name is not "auto_pad" || each.S.ToStringUtf8() == "NOTSET")
        && conv.Attribute.Where(each => each.Name == "strides").SelectMany(each => each.Ints).All(step => step == 1);

    /// <summary>Windows side by side, nothing added around.</summary>
    static bool Tiles(NodeProto pool)
    {
        long[] Ints(string name) => [.. pool.Attribute.Where(each => each.Name == name).SelectMany(each => each.Ints)];
        return Ints("kernel_shape").SequenceEqual(Ints("strides")) && Ints("pads").All(pad => pad == 0)
            && Attribute(pool, "ceil_mode", 0) == 0;
    }

    static bool IsPlainProduct(NodeProto gemm) =>
        Attribute(gemm, "transA", 0) == 0 && gemm.Attribute.All(each => each.Name is not "alpha" || each.F == 1f);

    static long Attribute(NodeProto node, string name, long absent) =>
        node.Attribute.FirstOrDefault(each => each.Name == name)?.I ?? absent;

    string Size(string tensor) => Emit("Cast", [Emit("Size", [tensor])], ("to", Float));

    string Constant(float value)
    {
        string name = Fresh();
        var bytes = Google.Protobuf.ByteString.CopyFrom(BitConverter.GetBytes(value));
        _graph.Initializer.Add(new TensorProto { Name = name, DataType = Float, RawData = bytes });
        return name;
    }

    string EmitLike(string type, string[] inputs, NodeProto other, params string[] attributes)
    {
        string name = Emit(type, inputs);
        _graph.Node[^1].Attribute.Add(other.Attribute.Where(each => attributes.Contains(each.Name)));
        return name;
    }

    string Emit(string type, string[] inputs, (string Name, long Value)? attribute = null)
    {
        string name = Fresh();
        var node = new NodeProto { OpType = type, Name = name, Input = { inputs }, Output = { name } };
        if (attribute is { } given)
            node.Attribute.Add(new AttributeProto { Name = given.Name, I = given.Value, Type = IntType });
        _graph.Node.Add(node);
        return name;
    }

    string Fresh() => $"edgeml/slope{_names++}";
}
