using System.Runtime.InteropServices;
using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Preparation.Graph;

namespace EdgeML.Training.Quantisation;

/// <summary>Brings layers next to their activations: nodes without effect go, and what can be is folded into the layer before or after it. The
/// network computes the same, rounding aside.</summary>
/// <param name="graph">Changed in place; weights inline.</param>
/// <param name="input">Its one input.</param>
/// <param name="outputs">Tensors that stay.</param>
sealed class GraphCleaning(GraphProto graph, string input, IReadOnlyList<string> outputs)
{
    GraphIndex _index = new(graph);
    Dictionary<string, List<NodeProto>> _readers = [];
    HashSet<string> _captured = [];

    /// <summary>Identity, Dropout, a Pad by nothing, and the nodes by which <c>prepare</c> packs several tensors into a cut.</summary>
    internal void RemoveNodesWithoutEffect()
    {
        Refresh();
        foreach (NodeProto node in graph.Node.ToArray())
        {
            if (Same(node) is { } same) Redirect(node.Output[0], same);
        }
        Finish();
    }

    /// <summary>Zeros that a Pad adds around pictures, where only convolutions read them.</summary>
    internal void FoldPadding()
    {
        Refresh();
        foreach (NodeProto pad in graph.Node.Where(n => n.OpType == "Pad").ToArray())
        {
            if (ZerosAround(pad) is not { } pads || IsKept(pad.Output[0])) continue;
            List<NodeProto> convolutions = Readers(pad.Output[0]);
            int spatial = (pads.Length / 2) - 2;
            if (convolutions.Count == 0 || !convolutions.TrueForAll(n => n.OpType == "Conv" && n.Input[0] == pad.Output[0]
                && n.Input.Skip(1).All(i => i != pad.Output[0]) && Text(n, "auto_pad") is "" or "NOTSET"))
                continue;
            foreach (NodeProto convolution in convolutions)
            {
                long[] own = Ints(convolution, "pads") is { Length: > 0 } given ? given : new long[2 * spatial];
                for (int i = 0; i < spatial; i++)
                {
                    own[i] += pads[2 + i];
                    own[spatial + i] += pads[4 + spatial + i];
                }
                Set(convolution, new AttributeProto { Name = "pads", Type = 7, Ints = { own } });
            }
            Redirect(pad.Output[0], pad.Input[0]);
        }
        Finish();
    }

    /// <summary>BatchNormalization of a convolution's output: into its weights and biases.</summary>
    internal void FoldNormalisation()
    {
        Refresh();
        foreach (NodeProto norm in graph.Node.Where(n => n.OpType == "BatchNormalization").ToArray())
        {
            if (_index.Producer(norm.Input[0]) is not (>= 0 and int n) || _index.Nodes[n] is not { OpType: "Conv" } conv) continue;
            if (IsKept(conv.Output[0]) || Readers(conv.Output[0]).Count != 1 || norm.Output.Count(o => o.Length > 0) != 1
                || norm.Attribute.Any(a => a.Name == "training_mode" && a.I != 0))
                continue;
            float[]? bias = conv.Input.Count > 2 && conv.Input[2].Length > 0 ? Floats(conv.Input[2]) : [];
            if (Floats(conv.Input[1]) is not { } weights || bias is null || Floats(norm.Input[1]) is not { } gain
                || Floats(norm.Input[2]) is not { } shift || Floats(norm.Input[3]) is not { } mean || Floats(norm.Input[4]) is not { } variance)
                continue;
            double epsilon = norm.Attribute.FirstOrDefault(a => a.Name == "epsilon")?.F ?? 1e-5f;
            int channels = gain.Length, each = weights.Length / channels;
            float[] biases = new float[channels];
            for (int c = 0; c < channels; c++)
            {
                double factor = gain[c] / Math.Sqrt(variance[c] + epsilon);
                biases[c] = (float)((((bias.Length == 0 ? 0 : bias[c]) - (double)mean[c]) * factor) + shift[c]);
                for (int i = 0; i < each; i++) weights[(c * each) + i] = (float)(weights[(c * each) + i] * factor);
            }
            string prefix = norm.Output[0];
            conv.Input[1] = AddWeight($"{prefix}/weight", weights, [.. _index.Initializers[conv.Input[1]].Dims]);
            string folded = AddWeight($"{prefix}/bias", biases, [channels]);
            if (conv.Input.Count > 2) conv.Input[2] = folded;
            else conv.Input.Add(folded);
            conv.Output[0] = norm.Output[0];
            graph.Node.Remove(norm);
            Refresh();
        }
        Finish();
    }

    /// <summary>A matrix product of rows and the constant added to it become a Gemm.</summary>
    /// <param name="dims">Full shape of a tensor.</param>
    internal void JoinBiases(Func<string, long[]?> dims)
    {
        Refresh();
        foreach (NodeProto add in graph.Node.Where(n => n.OpType == "Add").ToArray())
        {
            int side = Enumerable.Range(0, 2).FirstOrDefault(
                i => _index.Producer(add.Input[i]) is >= 0 and int made && _index.Nodes[made].OpType == "MatMul", -1);
            if (side < 0) continue;
            NodeProto product = _index.Nodes[_index.Producer(add.Input[side])];
            if (IsKept(product.Output[0]) || Readers(product.Output[0]).Count != 1 || dims(product.Input[0]) is not { Length: 2 }) continue;
            if (!_index.Initializers.TryGetValue(product.Input[1], out TensorProto? weights) || weights.Dims.Count != 2) continue;
            // A bias of one number per row, or of more dimensions, is something else, even where it has as many numbers.
            if (Floats(add.Input[1 - side]) is not { } bias || bias.Length != weights.Dims[1]
                || _index.Initializers[add.Input[1 - side]].Dims is not ([_] or [1, _]))
                continue;
            product.OpType = "Gemm";
            product.Input.Add(AddWeight($"{add.Output[0]}/bias", bias, [bias.Length]));
            product.Output[0] = add.Output[0];
            graph.Node.Remove(add);
            Refresh();
        }
        Finish();
    }

    /// <summary>The tensor that a node's output equals, or null.</summary>
    string? Same(NodeProto node)
    {
        if (node.Output.Count == 0 || IsKept(node.Output[0])) return null;
        switch (node.OpType)
        {
            case "Identity": return node.Input[0];
            case "Dropout" when node.Output.Skip(1).All(o => Readers(o).Count == 0 && !IsKept(o)): return node.Input[0];
            case "Pad" when Pads(node) is { } pads && Array.TrueForAll(pads, p => p == 0): return node.Input[0];
            case "Reshape" when node.Output[0].StartsWith(PackedCuts.Prefix, StringComparison.Ordinal):
                int slash = node.Output[0].IndexOf('/', PackedCuts.Prefix.Length);
                string packed = slash < 0 ? "" : node.Output[0][(slash + 1)..];
                return node.Input[0] == $"{node.Output[0]}/part" && _index.Exists(packed) ? packed : null;
            default: return null;
        }
    }

    /// <summary>The pads of a Pad of zeros that leaves batch and channels alone.</summary>
    long[]? ZerosAround(NodeProto pad)
    {
        if (Text(pad, "mode") is not ("" or "constant")) return null;
        if (pad.Input.Count > 2 && pad.Input[2].Length > 0 && !(Floats(pad.Input[2]) is [0])) return null;
        if (pad.Input.Count > 3 && pad.Input[3].Length > 0) return null;
        if (Pads(pad) is not { Length: >= 6 } pads || Array.Exists(pads, p => p < 0)) return null;
        int rank = pads.Length / 2;
        return pads[0] == 0 && pads[1] == 0 && pads[rank] == 0 && pads[rank + 1] == 0 ? pads : null;
    }

    long[]? Pads(NodeProto pad) => pad.Input.Count > 1 && _index.Initializers.TryGetValue(pad.Input[1], out TensorProto? weight)
        && weight.DataType == ElementType.Int64 ? MemoryMarshal.Cast<byte, long>(weight.RawData.Span).ToArray() : null;

    float[]? Floats(string tensor) => GraphWeights.Floats(_index, tensor);

    string AddWeight(string name, float[] values, long[] dims)
    {
        while (_index.Exists(name) || graph.Initializer.Any(w => w.Name == name)) name += "_";
        graph.Initializer.Add(GraphWeights.Tensor(name, values, dims));
        return name;
    }

    List<NodeProto> Readers(string tensor) => _readers.GetValueOrDefault(tensor, []);

    /// <summary>Whether something else than nodes of the graph itself reads a tensor by its name.</summary>
    bool IsKept(string tensor) => outputs.Contains(tensor) || _captured.Contains(tensor);

    void Redirect(string from, string to)
    {
        foreach (NodeProto node in graph.Node)
            for (int i = 0; i < node.Input.Count; i++)
                if (node.Input[i] == from) node.Input[i] = to;
        Refresh();
    }

    void Refresh()
    {
        _index = new GraphIndex(graph);
        _captured = [.. graph.Node.SelectMany(RunTimeTensors.Subgraphs).SelectMany(GraphIndex.Captured)];
        _readers = [];
        foreach (NodeProto node in graph.Node)
            foreach (string read in node.Input.Where(i => i.Length > 0).Distinct())
            {
                if (!_readers.TryGetValue(read, out List<NodeProto>? list)) _readers[read] = list = [];
                list.Add(node);
            }
    }

    void Finish() => Classifier.Prune(graph, new GraphIndex(graph), outputs, input);

    static string Text(NodeProto node, string name) => node.Attribute.FirstOrDefault(a => a.Name == name)?.S.ToStringUtf8() ?? "";

    static long[] Ints(NodeProto node, string name) => [.. node.Attribute.FirstOrDefault(a => a.Name == name)?.Ints ?? []];

    static void Set(NodeProto node, AttributeProto attribute)
    {
        if (node.Attribute.FirstOrDefault(a => a.Name == attribute.Name) is { } old) node.Attribute.Remove(old);
        node.Attribute.Add(attribute);
    }
}
