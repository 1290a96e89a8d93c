using System.Runtime.InteropServices;
using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Preparation.Graph;

namespace EdgeML.Native.Preparation.Verification;

/// <summary>Traits of a graph that decide how exactly its answers can be compared.</summary>
static class NetworkTraits
{
    static readonly HashSet<string> s_passing = ["Flatten", "Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze"];

    /// <summary>Where the scores follow from the last quantised tensor by more than a change of layout: the change of a score by one step of
    /// it, as a part of the largest score.</summary>
    const double StepShare = 0.02;

    /// <summary>Operator of a node that makes a tensor differ from run to run, or null.</summary>
    internal static string? RandomBefore(GraphIndex index, string tensor)
    {
        bool[] needed = index.Ancestors([tensor]);
        for (int n = 0; n < needed.Length; n++)
            if (needed[n] && Random(index.Nodes[n]) is { } found) return found;
        return null;
    }

    static string? Random(NodeProto node)
    {
        if (RunTimeTensors.IsRandom(node)) return node.OpType;
        return RunTimeTensors.Subgraphs(node).SelectMany(graph => graph.Node).Select(Random).FirstOrDefault(found => found is not null);
    }

    /// <summary>Whether some of it is computed in a narrower float than float32.</summary>
    internal static bool IsHalf(Classifier model) =>
        model.Tensors.Values.Any(t => t.Type is ElementType.Float16 or ElementType.BFloat16)
        || model.Index.Initializers.Values.Any(w => w.DataType is ElementType.Float16 or ElementType.BFloat16);

    /// <summary>Whether some of it is computed in integers.</summary>
    internal static bool IsQuantised(GraphIndex index) => index.Nodes.Any(n =>
        n.OpType.StartsWith("QLinear", StringComparison.Ordinal)
            || n.OpType is "QuantizeLinear" or "DynamicQuantizeLinear" or "ConvInteger" or "MatMulInteger" or "QGemm");

    /// <summary>The change of a score by one step of the last quantised tensor; below 0 as a part of the largest score.</summary>
    internal static double Step(GraphIndex index, string scores)
    {
        while (index.Producer(scores) is >= 0 and int n)
        {
            NodeProto node = index.Nodes[n];
            if (node.OpType == "DequantizeLinear" && index.Initializers.GetValueOrDefault(node.Input[1]) is { } scale
                && scale.DataType == ElementType.Float && scale.HasRawData && scale.RawData.Length >= sizeof(float))
            {
                double largest = 0;
                foreach (float x in MemoryMarshal.Cast<byte, float>(scale.RawData.Span)) largest = Math.Max(largest, Math.Abs(x));
                return largest;
            }
            if (!s_passing.Contains(node.OpType)) break;
            scores = node.Input[0];
        }
        return -StepShare;
    }
}
