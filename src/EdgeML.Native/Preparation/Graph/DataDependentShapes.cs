using EdgeML.Native.Models.Onnx;

namespace EdgeML.Native.Preparation.Graph;

/// <summary>Finds operators whose results have another shape for every input: cuts have fixed shapes.</summary>
static class DataDependentShapes
{
    static readonly HashSet<string> s_always = ["Compress", "NonMaxSuppression", "NonZero", "Unique"];

    /// <summary>Inputs that say how large the result becomes.</summary>
    static readonly Dictionary<string, int[]> s_sizes = new()
    {
        ["ConstantOfShape"] = [0],
        ["Expand"] = [1],
        ["OneHot"] = [1],
        ["Pad"] = [1],
        ["Range"] = [0, 1, 2],
        ["Reshape"] = [1],
        ["Resize"] = [2, 3],
        ["Slice"] = [1, 2, 4],
        ["Split"] = [1],
        ["Squeeze"] = [1],
        ["Tile"] = [1],
        ["TopK"] = [1],
        ["Unsqueeze"] = [1],
        ["Upsample"] = [1],
    };

    /// <param name="index">Of the model.</param>
    /// <param name="inputs">Its inputs.</param>
    /// <param name="outputs">Tensors whose nodes matter.</param>
    /// <exception cref="InvalidDataException">There is one; the message names it.</exception>
    internal static void Refuse(GraphIndex index, IReadOnlyList<string> inputs, IEnumerable<string> outputs)
    {
        bool[] needed = index.Ancestors(outputs);
        var data = new HashSet<string>(inputs);
        for (int n = 0; n < index.Nodes.Count; n++)
        {
            if (!needed[n]) continue;
            NodeProto node = index.Nodes[n];
            bool standard = node.Domain is "" or "ai.onnx";
            // The results of these two do not depend on a tensor's elements, and the input's shape is fixed.
            if (!index.Reads(n).Any(data.Contains) || (standard && node.OpType is "Shape" or "Size")) continue;
            if (standard && (s_always.Contains(node.OpType)
                || (s_sizes.TryGetValue(node.OpType, out int[]? sizes) && sizes.Any(i => i < node.Input.Count && data.Contains(node.Input[i])))))
                throw new InvalidDataException(
                    $"{GraphIndex.Describe(node)}: the shape of its result depends on the input's values; "
                    + "a network can only be divided where shapes are fixed"
                    + (node.OpType == "NonMaxSuppression" ? "; export the detector without it and suppress boxes in your program" : ""));
            data.UnionWith(GraphIndex.Outputs(node));
        }
    }
}
