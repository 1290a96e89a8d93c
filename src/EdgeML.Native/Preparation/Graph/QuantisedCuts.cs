using EdgeML.Native.Models.Onnx;

namespace EdgeML.Native.Preparation.Graph;

/// <summary>Where a quantised network may be cut: at its integers, which both sides hold exactly.</summary>
/// <remarks>
/// The engine makes an integer kernel of a layer that stands between DequantizeLinear and QuantizeLinear. Cut between them, the layer
/// computes in float32, whose result may round to the next integer, and the answer depends on the cut.
/// </remarks>
static class QuantisedCuts
{
    /// <summary>A network is quantised if its integer layers do at least this share of the multiply-accumulates.</summary>
    const double LeastShare = 0.5;

    /// <summary>Removes the tensors where a cut would take a layer's integer kernel away.</summary>
    /// <param name="model">With shapes.</param>
    /// <param name="possible">Tensors that cross, in order; the first and the last one stay.</param>
    internal static void KeepKernels(Classifier model, List<string> possible)
    {
        int last = LastQuantising(model.Index, possible[^1]);
        if (last < 0 || !IsQuantised(model)) return;
        for (int i = possible.Count - 2; i > 0; i--)
        {
            if (!ElementType.IsQuantised(model.Info(possible[i]).Type) && model.Index.Producer(possible[i]) < last) possible.RemoveAt(i);
        }
    }

    /// <summary>Whether a range of nodes computes with integers, or makes them of activations.</summary>
    internal static bool IsQuantised(GraphIndex index, int node) => !index.IsConstant(node)
        && index.Nodes[node].OpType is "QuantizeLinear" or "DequantizeLinear" or "QLinearConv" or "QLinearMatMul" or "QGemm";

    static bool IsQuantised(Classifier model)
    {
        GraphIndex index = model.Index;
        double all = 0, integer = 0;
        for (int n = 0; n < index.Nodes.Count; n++)
        {
            if (index.IsConstant(n)) continue;
            NodeProto node = index.Nodes[n];
            long macs = OperatorWork.Macs(node, model.Dims) ?? 0;
            all += macs;
            if (node.OpType is "QLinearConv" or "QLinearMatMul" or "QGemm" || ReadsIntegers(index, node)) integer += macs;
        }
        return integer > 0 && integer >= LeastShare * all;
    }

    static bool ReadsIntegers(GraphIndex index, NodeProto node) => node.Input.Count > 0 && index.Producer(node.Input[0]) is >= 0 and int made
        && index.Nodes[made].OpType == "DequantizeLinear";

    /// <summary>The last node before the output that makes integers of activations, or -1.</summary>
    static int LastQuantising(GraphIndex index, string output)
    {
        bool[] needed = index.Ancestors([output]);
        for (int n = needed.Length - 1; n >= 0; n--)
        {
            if (needed[n] && !index.IsConstant(n) && index.Nodes[n].OpType is "QuantizeLinear" or "QLinearConv" or "QLinearMatMul" or "QGemm")
                return n;
        }
        return -1;
    }
}
