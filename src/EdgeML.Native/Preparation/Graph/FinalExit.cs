using EdgeML.Native.Models.Onnx;

namespace EdgeML.Native.Preparation.Graph;

/// <summary>Tells the final exit from side exits by the graph's structure.</summary>
/// <remarks>
/// The final exit is the end of the longest way through the network: layers are counted, not their work, since a side exit may begin with
/// a large layer on an early, large tensor. Where the ways differ by one layer at most, a head of several small layers can be as long as
/// the rest of the trunk; then work decides if all of it is known and the difference is plain.
/// </remarks>
static class FinalExit
{
    const int NearLayers = 1;
    const double PlainRatio = 4;

    /// <summary>The final one of some outputs.</summary>
    internal static (string Name, string Logits) Choose(Classifier model, IReadOnlyList<(string Name, string Logits)> outputs)
    {
        (int[] layers, int[] nodes) = Ways(model.Index);
        (string Name, string Logits) best = outputs[0];
        foreach ((string Name, string Logits) other in outputs.Skip(1))
        {
            if (other.Logits != best.Logits && IsDeeper(other.Logits, best.Logits)) best = other;
        }
        return best;

        bool IsDeeper(string tensor, string than)
        {
            int more = At(layers, tensor) - At(layers, than);
            if (Math.Abs(more) > NearLayers) return more > 0;
            long? own = OwnWork(model, tensor, than), others = OwnWork(model, than, tensor);
            if (own is { } mine && others is { } theirs)
            {
                if (mine > PlainRatio * theirs) return true;
                if (theirs > PlainRatio * mine) return false;
            }
            if (more != 0) return more > 0;
            int steps = At(nodes, tensor) - At(nodes, than);
            return steps != 0 ? steps > 0 : own > others;
        }

        int At(int[] ways, string tensor) => model.Index.Producer(tensor) is >= 0 and int n ? ways[n] : 0;
    }

    /// <summary>Most layers, and most nodes, on a way from the input to each node.</summary>
    static (int[] Layers, int[] Nodes) Ways(GraphIndex index)
    {
        var layers = new int[index.Nodes.Count];
        var nodes = new int[index.Nodes.Count];
        for (int n = 0; n < layers.Length; n++)
        {
            if (index.IsConstant(n)) continue;
            foreach (string read in index.Reads(n))
            {
                if (index.Producer(read) is not (>= 0 and int from)) continue;
                layers[n] = Math.Max(layers[n], layers[from]);
                nodes[n] = Math.Max(nodes[n], nodes[from]);
            }
            if (OperatorWork.IsProduct(index.Nodes[n])) layers[n]++;
            nodes[n]++;
        }
        return (layers, nodes);
    }

    /// <summary>Multiply-accumulates that one output needs and another does not; null where some are unknown.</summary>
    static long? OwnWork(Classifier model, string tensor, string other)
    {
        bool[] own = model.Index.Ancestors([tensor]), theirs = model.Index.Ancestors([other]);
        long sum = 0;
        for (int n = 0; n < own.Length; n++)
        {
            if (!own[n] || theirs[n]) continue;
            if (OperatorWork.Macs(model.Index.Nodes[n], model.Dims) is not { } macs) return null;
            sum += macs;
        }
        return sum;
    }
}
