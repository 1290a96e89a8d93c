using EdgeML.Native.Models.Onnx;
using Google.Protobuf;

namespace EdgeML.Native.Preparation.Graph;

/// <summary>Makes int8 activations of QuantizeLinear/DequantizeLinear pairs uint8: integers and zero points move up by 128, and no number
/// changes.</summary>
/// <remarks>On x86, ONNX Runtime does the same with pairs inside a graph, because its fast kernels take uint8 (20 times as fast for a
/// convolution). It cannot at a cut, where only one of the pair is there: the layer after it would lose its integer kernel, since its
/// types no longer agree.</remarks>
static class UnsignedActivations
{
    /// <param name="graph">Weights inline; changed in place. Integer outputs of the graph stay as they are.</param>
    internal static void Make(GraphProto graph)
    {
        var weights = graph.Initializer.ToDictionary(w => w.Name);
        var readers = new Dictionary<string, List<NodeProto>>();
        foreach (NodeProto node in graph.Node)
            foreach (string name in RunTimeTensors.Reads(node).Distinct())
            {
                if (!readers.TryGetValue(name, out List<NodeProto>? list)) readers[name] = list = [];
                list.Add(node);
            }
        HashSet<string> outputs = [.. graph.Output.Select(o => o.Name)];
        var raised = new Dictionary<string, string>();
        foreach (NodeProto node in graph.Node)
        {
            if (node.OpType != "QuantizeLinear" || !HasSignedZero(node, weights) || outputs.Contains(node.Output[0])) continue;
            List<NodeProto> pair = readers.GetValueOrDefault(node.Output[0], []);
            if (pair.Count == 0 || !pair.TrueForAll(n => n is { OpType: "DequantizeLinear", Input.Count: > 0 } && n.Input[0] == node.Output[0]
                && HasSignedZero(n, weights)))
                continue;
            foreach (NodeProto each in pair.Prepend(node)) each.Input[2] = Raised(graph, weights, raised, each.Input[2]);
        }
        if (raised.Count == 0) return;
        HashSet<string> read = [.. graph.Node.SelectMany(RunTimeTensors.Reads)];
        foreach (string zero in raised.Keys.Where(zero => !read.Contains(zero))) graph.Initializer.Remove(weights[zero]);
    }

    static bool HasSignedZero(NodeProto node, Dictionary<string, TensorProto> weights) =>
        node.Input.Count == 3 && node.Output.Count == 1 && weights.TryGetValue(node.Input[2], out TensorProto? zero)
        && zero.DataType == ElementType.Int8 && zero.HasRawData && node.Attribute.All(a => a.Name is not ("output_dtype" or "block_size"));

    /// <summary>Name of the zero point plus 128.</summary>
    static string Raised(GraphProto graph, Dictionary<string, TensorProto> weights, Dictionary<string, string> raised, string zero)
    {
        if (raised.TryGetValue(zero, out string? name)) return name;
        name = zero + "/uint8";
        while (weights.ContainsKey(name) || graph.Node.Any(n => n.Output.Contains(name))) name += "_";
        TensorProto weight = weights[zero].Clone();
        byte[] bytes = weight.RawData.ToByteArray();
        for (int i = 0; i < bytes.Length; i++) bytes[i] ^= 0x80;
        (weight.Name, weight.DataType, weight.RawData) = (name, ElementType.UInt8, ByteString.CopyFrom(bytes));
        graph.Initializer.Add(weight);
        weights.Add(name, weight);
        raised.Add(zero, name);
        return name;
    }
}
