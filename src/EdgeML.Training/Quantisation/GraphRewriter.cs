using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Preparation.Graph;

namespace EdgeML.Training.Quantisation;

/// <summary>Writes a planned network: a QuantizeLinear after every tensor of integers, and a DequantizeLinear before each of its readers, so that
/// engines find an integer kernel between them.</summary>
sealed class GraphRewriter
{
    readonly WholeGraph _graph;
    readonly QuantisationPlan _plan;
    readonly Func<string, TensorScale> _scales;
    readonly List<NodeProto> _nodes = [];
    readonly List<TensorProto> _weights = [];
    readonly HashSet<string> _taken = [];
    readonly Dictionary<string, (string Scale, string Zero)> _written = [];
    readonly Dictionary<string, string> _integers = [];

    GraphRewriter(WholeGraph graph, QuantisationPlan plan, Func<string, TensorScale> scales) =>
        (_graph, _plan, _scales) = (graph, plan, scales);

    /// <summary>The network with integers.</summary>
    /// <param name="graph">Not changed.</param>
    /// <param name="plan">Of this graph.</param>
    /// <param name="scales">Of a tensor that the plan scales, by its name.</param>
    internal static ModelProto Write(WholeGraph graph, QuantisationPlan plan, Func<string, TensorScale> scales) =>
        new GraphRewriter(graph, plan, scales).Write();

    ModelProto Write()
    {
        if (_plan.IsEntering(_graph.Input)) Quantise(_graph.Input);
        foreach (NodeProto node in _graph.Index.Nodes)
        {
            NodeProto copy = node.Clone();
            if (_plan.Activations.Contains(node))
            {
                // Where the integers end where the activation does, the rounding clips as well.
                if (!IsRedundant(node)) _nodes.Add(copy);
            }
            else
            {
                if (_plan.Nodes.Contains(node)) ReadIntegers(copy);
                else ReadNumbers(copy);
                _nodes.Add(copy);
                if (_plan.Activations.FirstOrDefault(a => a.Input[0] == node.Output[0]) is { } next && IsRedundant(next))
                    copy.Output[0] = next.Output[0];
            }
            foreach (string made in GraphIndex.Outputs(copy))
                if (!_integers.ContainsKey(made) && (_plan.IsMadeOfIntegers(made) || _plan.IsEntering(made))) Quantise(made);
        }
        var model = new ModelProto(_graph.Model);
        GraphProto graph = model.Graph;
        graph.Node.Clear();
        graph.Node.Add(_nodes);
        graph.Initializer.Add(_weights);
        graph.ValueInfo.Clear();
        Classifier.Prune(graph, new GraphIndex(graph), _graph.Outputs, _graph.Input);
        return model;
    }

    /// <summary>Whether the scale of an activation's result has no number that the activation would change.</summary>
    bool IsRedundant(NodeProto activation)
    {
        TensorScale scale = _scales(_plan.Origin(activation.Output[0]));
        (float low, float high) = activation.OpType == "Relu"
            ? (0, float.PositiveInfinity)
            : (Bound(activation, 1, float.NegativeInfinity), Bound(activation, 2, float.PositiveInfinity));
        float rounding = 1e-6f * (scale.High - scale.Low);
        return scale.Low >= low - rounding && scale.High <= high + rounding;
    }

    float Bound(NodeProto clip, int input, float none) =>
        clip.Input.Count > input && GraphWeights.Floats(_graph.Index, clip.Input[input]) is [var bound] ? bound : none;

    void ReadIntegers(NodeProto node)
    {
        foreach (int input in QuantisationPlan.Data(node))
        {
            if (GraphWeights.Floats(_graph.Index, node.Input[input]) is { } constant) node.Input[input] = Constant(node.Input[input], constant);
            else node.Input[input] = Dequantise(node.Input[input]);
        }
        if (!QuantisationPlan.IsLayer(_graph, Original(node))) return;
        NodeProto layer = Original(node);
        float[] weights = GraphWeights.Floats(_graph.Index, layer.Input[1])!;
        long[] dims = [.. _graph.Index.Initializers[layer.Input[1]].Dims];
        bool apart = layer.OpType == "MatMul" || (layer.OpType == "Gemm" && QuantisationPlan.Int(layer, "transB") == 0);
        int axis = apart ? 1 : 0;
        float[] biases = layer.Input.Count > 2 && layer.Input[2].Length > 0 ? GraphWeights.Floats(_graph.Index, layer.Input[2])! : [];
        if (biases is [var one]) Array.Fill(biases = new float[dims[axis]], one);
        float input0 = _scales(_plan.Origin(layer.Input[0])).Scale;
        ChannelWeights made = ChannelWeights.Of(weights, (int)dims[axis], apart, biases, input0);
        string name = Free(layer.Input[1] + "/int8");
        Add(GraphWeights.Tensor(name, made.Weights, dims));
        string scale = Add(GraphWeights.Tensor(Free(name + "/scale"), made.Scales, [made.Scales.Length]));
        string zero = Add(GraphWeights.Tensor(Free(name + "/zero"), new sbyte[made.Scales.Length], [made.Scales.Length]));
        node.Input[1] = Dequantise(name, scale, zero, axis);
        if (biases.Length == 0) return;
        string bias = Free(layer.Input[2] + "/int32");
        Add(GraphWeights.Tensor(bias, made.Biases, [made.Biases.Length]));
        float[] units = Array.ConvertAll(made.Scales, each => input0 * each);
        node.Input[2] = Dequantise(bias, Add(GraphWeights.Tensor(Free(bias + "/scale"), units, [units.Length])), null, 0);
    }

    /// <summary>Where a tensor is integers for one reader, all read those: then they alone cross, and the network can be cut there.</summary>
    void ReadNumbers(NodeProto node)
    {
        for (int i = 0; i < node.Input.Count; i++)
            if (_integers.ContainsKey(node.Input[i])) node.Input[i] = Dequantise(node.Input[i]);
    }

    /// <summary>The node of the network that a copy is of.</summary>
    NodeProto Original(NodeProto copy) => _graph.Index.Nodes[_graph.Index.Producer(copy.Output[0])];

    /// <summary>A constant operand of a sum or product, in the integers of activations.</summary>
    string Constant(string name, float[] values)
    {
        TensorScale scale = TensorScale.Of(values.Min(), values.Max());
        byte[] integers = Array.ConvertAll(values, v => (byte)Math.Clamp(Math.Round(v / scale.Scale) + scale.Zero, 0, TensorScale.Levels));
        string weight = Add(GraphWeights.Tensor(Free(name + "/uint8"), integers, _graph.Index.Initializers[name].Dims));
        (string scaleName, string zero) = Names(weight, scale);
        return Dequantise(weight, scaleName, zero, null);
    }

    void Quantise(string tensor)
    {
        (string scale, string zero) = Scale(tensor);
        string integers = Free(tensor + "/uint8");
        _integers[tensor] = integers;
        _nodes.Add(new NodeProto { OpType = "QuantizeLinear", Name = integers, Input = { tensor, scale, zero }, Output = { integers } });
    }

    string Dequantise(string tensor)
    {
        (string scale, string zero) = Scale(tensor);
        return Dequantise(_integers[tensor], scale, zero, null);
    }

    string Dequantise(string integers, string scale, string? zero, int? axis)
    {
        string name = Free(integers + "/float");
        var node = new NodeProto { OpType = "DequantizeLinear", Name = name, Input = { integers, scale }, Output = { name } };
        if (zero is not null) node.Input.Add(zero);
        if (axis is { } along) node.Attribute.Add(new AttributeProto { Name = "axis", Type = 2, I = along });
        _nodes.Add(node);
        return name;
    }

    (string Scale, string Zero) Scale(string tensor)
    {
        string origin = _plan.Origin(tensor);
        if (!_written.TryGetValue(origin, out (string, string) names)) _written[origin] = names = Names(origin, _scales(origin));
        return names;
    }

    (string Scale, string Zero) Names(string tensor, TensorScale scale) =>
        (Add(GraphWeights.Tensor<float>(Free(tensor + "/scale"), [scale.Scale], [])), Add(GraphWeights.Tensor<byte>(Free(tensor + "/zero"), [scale.Zero], [])));

    string Add(TensorProto weight)
    {
        _weights.Add(weight);
        return weight.Name;
    }

    string Free(string name)
    {
        string free = name;
        for (int i = 2; _graph.Index.Exists(free) || !_taken.Add(free); i++) free = $"{name}{i}";
        return free;
    }
}
