using EdgeML.Native.Models.Onnx;

namespace EdgeML.Native.Models.Graph;

/// <summary>ONNX Runtime's blocked layout of convolutions (NCHWc) at the edges of a graph it has optimised.</summary>
static class BlockedLayout
{
    const string Domain = "com.microsoft.nchwc";

    /// <summary>The node that puts a tensor into rows, or null where the tensor was never blocked.</summary>
    internal static NodeProto? Unblocks(GraphProto graph, string tensor) =>
        graph.Node.FirstOrDefault(node => Is(node, "ReorderOutput") && node.Output[0] == tensor);

    /// <summary>The nodes that put an input into blocks; empty unless they are its only readers.</summary>
    internal static List<NodeProto> Blocks(GraphProto graph, string input)
    {
        List<NodeProto> readers = [.. graph.Node.Where(node => node.Input.Contains(input))];
        return readers.TrueForAll(node => Is(node, "ReorderInput")) ? readers : [];
    }

    static bool Is(NodeProto node, string type) =>
        node.Domain == Domain && node.OpType == type && node.Attribute.All(a => a.Name != "channels_last" || a.I == 0);
}
