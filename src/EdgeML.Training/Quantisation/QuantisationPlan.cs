using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Preparation.Graph;

namespace EdgeML.Training.Quantisation;

/// <summary>Which nodes of a graph compute with integers, and which tensors are integers between them. Immutable.</summary>
/// <remarks>
/// Layers with constant weights are chosen first. Sums, products, concatenations and means follow where all they read is integers
/// anyway, and so do operators that only move elements, which keep the scale. Scores stay float32: a last Gemm or MatMul multiplies
/// integers and puts out numbers, and a Conv whose output is the scores stays float32.
/// </remarks>
sealed class QuantisationPlan
{
    /// <summary>ONNX Runtime has integer kernels of these.</summary>
    static readonly HashSet<string> s_combining = ["Add", "Mul", "Concat", "AveragePool", "GlobalAveragePool", "LeakyRelu", "Sigmoid"];

    static readonly HashSet<string> s_moving = ["MaxPool", "Flatten", "Reshape", "Transpose", "Squeeze", "Unsqueeze", "Slice"];

    readonly WholeGraph _graph;
    readonly HashSet<NodeProto> _nodes = [];
    readonly HashSet<NodeProto> _activations = [];
    readonly Dictionary<string, string> _origin = [];
    readonly HashSet<string> _entering = [];
    readonly Dictionary<string, List<NodeProto>> _readers = [];
    readonly HashSet<string> _outputs;
    readonly HashSet<string> _beforeLayers;

    /// <param name="graph">The network.</param>
    /// <param name="left">Layers that stay float32.</param>
    internal QuantisationPlan(WholeGraph graph, IReadOnlySet<NodeProto> left)
    {
        _graph = graph;
        _outputs = [.. graph.Outputs, .. graph.Index.Nodes.SelectMany(RunTimeTensors.Subgraphs).SelectMany(GraphIndex.Captured)];
        foreach (NodeProto node in graph.Index.Nodes)
            foreach (string read in node.Input.Where(i => i.Length > 0).Distinct())
            {
                if (!_readers.TryGetValue(read, out List<NodeProto>? list)) _readers[read] = list = [];
                list.Add(node);
            }
        _beforeLayers = BeforeLayers(left);
        for (int n = 0; n < graph.Index.Nodes.Count; n++)
        {
            NodeProto node = graph.Index.Nodes[n];
            if (graph.Index.IsConstant(n) || _activations.Contains(node)) continue;
            if (IsLayer(graph, node)) AddLayer(node, left);
            else if (s_combining.Contains(node.OpType)) AddCombining(node);
            else if (s_moving.Contains(node.OpType)) AddMoving(node);
        }
    }

    /// <summary>Nodes that compute with integers.</summary>
    internal IReadOnlySet<NodeProto> Nodes => _nodes;

    /// <summary>Layers that multiply integers, in order.</summary>
    internal IEnumerable<NodeProto> Layers => _graph.Index.Nodes.Where(n => _nodes.Contains(n) && IsLayer(_graph, n));

    /// <summary>ReLU and Clip that belong to the node before them.</summary>
    internal IReadOnlySet<NodeProto> Activations => _activations;

    /// <summary>Whether a tensor is made as integers: by a node that computes with them, its activation included.</summary>
    internal bool IsMadeOfIntegers(string tensor) => _origin.ContainsKey(tensor);

    /// <summary>Whether a tensor of numbers is read as integers.</summary>
    internal bool IsEntering(string tensor) => _entering.Contains(tensor);

    /// <summary>The tensor whose scale another one has: itself, or the one that was only moved.</summary>
    internal string Origin(string tensor) => _origin.GetValueOrDefault(tensor, tensor);

    /// <summary>Tensors that have a scale themselves, constants aside.</summary>
    internal IEnumerable<string> Scaled => _origin.Values.Concat(_entering).Distinct();

    /// <summary>The inputs of a node that are activations or act like some: those with a scale for the whole tensor.</summary>
    internal static IEnumerable<int> Data(NodeProto node) => node.OpType switch
    {
        "Add" or "Mul" => [0, 1],
        "Concat" => Enumerable.Range(0, node.Input.Count),
        _ => [0],
    };

    /// <summary>A layer that has an integer kernel: constant float32 weights and bias, nothing scaled or transposed but the weights.</summary>
    internal static bool IsLayer(WholeGraph graph, NodeProto node)
    {
        if (node.Domain is not ("" or "ai.onnx") || node.Input.Count < 2 || !IsFloat(graph, node.Input[0])) return false;
        long[]? weights = Weight(graph, node.Input[1]);
        bool biased = node.Input.Count > 2 && node.Input[2].Length > 0;
        long[]? bias = biased ? Weight(graph, node.Input[2]) : null;
        if (weights is null || (biased && bias is null) || TensorInfo.Count(weights) == 0) return false;
        switch (node.OpType)
        {
            case "Conv": return weights.Length >= 3 && (bias is null || (bias.Length == 1 && bias[0] == weights[0]));
            case "MatMul": return weights.Length == 2 && graph.Dims(node.Input[0]) is { Length: >= 2 };
            case "Gemm":
                long outputs = weights.Length == 2 ? weights[Int(node, "transB") != 0 ? 0 : 1] : 0;
                return outputs > 0 && Int(node, "transA") == 0 && Factor(node, "alpha") == 1
                    && (bias is null || (Factor(node, "beta") == 1 && IsForEachOrAll(bias, outputs)));
            default: return false;
        }
    }

    /// <summary>Whether a bias has a number for each output, or one for all of them.</summary>
    static bool IsForEachOrAll(long[] bias, long outputs) =>
        TensorInfo.Count(bias) is var count && (count == 1 || (count == outputs && bias[^1] == outputs));

    internal static long Int(NodeProto node, string name) => node.Attribute.FirstOrDefault(a => a.Name == name)?.I ?? 0;

    /// <summary>The tensor that leaves a node, after its activation where that has no other reader.</summary>
    internal string Result(NodeProto node) => Activation(node) is { } activation ? activation.Output[0] : node.Output[0];

    void AddLayer(NodeProto node, IReadOnlySet<NodeProto> left)
    {
        if (left.Contains(node)) return;
        string result = Result(node);
        if (!_beforeLayers.Contains(result))
        {
            // Nothing multiplies the result again: it keeps its precision.
            if (node.OpType == "Conv" && AreScores(result)) return;
            if (node.OpType != "Conv")
            {
                _nodes.Add(node);
                Enter(node);
                return;
            }
        }
        if (_outputs.Contains(result)) return;
        _nodes.Add(node);
        Enter(node);
        Make(node, result);
    }

    void AddCombining(NodeProto node)
    {
        string result = Result(node);
        if (node.Output.Count != 1 || _outputs.Contains(result) || !_beforeLayers.Contains(result)) return;
        int[] data = [.. Data(node)];
        bool all = data.All(i => IsMadeOfIntegers(node.Input[i]) || (node.OpType is "Add" or "Mul" && GraphWeights.Floats(_graph.Index, node.Input[i]) is not null));
        if (!all || !data.Any(i => IsMadeOfIntegers(node.Input[i]))) return;
        _nodes.Add(node);
        Make(node, result);
    }

    void AddMoving(NodeProto node)
    {
        string result = node.Output[0];
        if (!IsMadeOfIntegers(node.Input[0]) || node.Output.Skip(1).Any(o => o.Length > 0) || _outputs.Contains(result)
            || !_beforeLayers.Contains(result))
            return;
        _nodes.Add(node);
        _origin[result] = Origin(node.Input[0]);
    }

    void Enter(NodeProto node)
    {
        if (!IsMadeOfIntegers(node.Input[0])) _entering.Add(node.Input[0]);
    }

    void Make(NodeProto node, string result)
    {
        if (Activation(node) is { } activation) _activations.Add(activation);
        _origin[result] = result;
        _entering.Remove(result);
    }

    /// <summary>The ReLU or Clip that alone reads a node's output, or null.</summary>
    NodeProto? Activation(NodeProto node) =>
        !_outputs.Contains(node.Output[0]) && _readers.GetValueOrDefault(node.Output[0]) is [{ OpType: "Relu" or "Clip" } next]
        && next.Input[0] == node.Output[0] && next.Input.Skip(1).All(i => i.Length == 0 || GraphWeights.Floats(_graph.Index, i) is [_])
            ? next : null;

    /// <summary>Whether a tensor is what an exit decides on, in another shape at most.</summary>
    bool AreScores(string tensor) => _outputs.Contains(tensor) || _readers.GetValueOrDefault(tensor, [])
        .Exists(n => Operators.IsLayout(n) && AreScores(n.Output[0]));

    /// <summary>Tensors from which a way leads to a layer that multiplies integers.</summary>
    HashSet<string> BeforeLayers(IReadOnlySet<NodeProto> left)
    {
        var before = new HashSet<string>();
        foreach (NodeProto node in _graph.Index.Nodes.Reverse())
        {
            if ((IsLayer(_graph, node) && !left.Contains(node)) || node.Output.Any(before.Contains)) before.UnionWith(node.Input);
        }
        return before;
    }

    static bool IsFloat(WholeGraph graph, string tensor) =>
        tensor == graph.Input || (graph.Tensors.TryGetValue(tensor, out TensorInfo info) && info.Type == ElementType.Float);

    static long[]? Weight(WholeGraph graph, string tensor) =>
        graph.Index.Initializers.TryGetValue(tensor, out TensorProto? weight) && weight.DataType == ElementType.Float ? [.. weight.Dims] : null;

    static float Factor(NodeProto node, string name) => node.Attribute.FirstOrDefault(a => a.Name == name)?.F ?? 1;
}
