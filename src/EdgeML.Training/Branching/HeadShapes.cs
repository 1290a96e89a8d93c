using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Preparation.Branching;
using EdgeML.Native.Preparation.Graph;

namespace EdgeML.Training.Branching;

/// <summary>Sizes heads so that they use their budget and no more.</summary>
static class HeadShapes
{
    const int MostFeatures = 8192, MostHidden = 1024, LeastHidden = 16, Step = 8, MostCells = 8;

    /// <summary>A head after a unit, or null where none can read.</summary>
    /// <param name="backbone">The network.</param>
    /// <param name="unit">Index of the unit it follows.</param>
    /// <param name="layers">Fully-connected layers, 2 or 3.</param>
    /// <param name="macs">Its largest work; a network too small for that gets the smallest possible head.</param>
    internal static HeadPlan? For(Backbone backbone, int unit, int layers, double macs)
    {
        TensorInfo tensor = backbone.Boundary(unit);
        bool steps = HeadNodes.IsSequenceFirst(tensor);
        if (!ElementType.MayCross(tensor.Type) || (tensor.Dims is not [1, _, ..] && !steps) || tensor.Dims.Length > 4) return null;
        // A row of packed maps is not a row of features.
        if (backbone.Manifest.Cuts[unit].Tensor.StartsWith(PackedCuts.Prefix, StringComparison.Ordinal)) return null;
        // Channels are the second dimension of maps and the last of tokens.
        long channels = tensor.Dims.Length == 3 ? tensor.Dims[2] : steps ? tensor.Dims[1] * tensor.Dims[3] : tensor.Dims[1];
        if (channels > MostFeatures) return null;
        (int, int)? pool = tensor.Dims.Length == 4 && !steps ? Pool(tensor, macs) : null;
        int features = (int)channels * (pool is (var rows, var columns) ? rows * columns : 1);
        int hidden = Hidden(features, backbone.Manifest.Classes, layers, macs);
        int[] sizes = layers == 2
            ? [features, hidden, backbone.Manifest.Classes]
            : [features, hidden, Math.Max(LeastHidden, hidden / 2), backbone.Manifest.Classes];
        return new HeadPlan(unit, backbone.Manifest.Cuts[unit].Tensor, pool, sizes);
    }

    /// <summary>The finest grid whose features still leave the budget a hidden layer a quarter as wide.</summary>
    static (int Rows, int Columns) Pool(TensorInfo map, double macs)
    {
        double most = Math.Min(MostFeatures, 2 * Math.Sqrt(macs));
        (int rows, int columns) = (1, 1);
        for (int cells = 2; cells <= MostCells; cells++)
        {
            (int r, int c) = ((int)Math.Min(cells, map.Dims[2]), (int)Math.Min(cells, map.Dims[3]));
            if (map.Dims[1] * r * c > most) break;
            (rows, columns) = (r, c);
        }
        return (rows, columns);
    }

    static int Hidden(int features, int classes, int layers, double macs)
    {
        // Two layers: f h + h c = m. Three, the second half as wide: f h + h^2 / 2 + h c / 2 = m.
        double hidden = layers == 2
            ? macs / (features + classes)
            : Math.Sqrt(((features + (classes / 2.0)) * (features + (classes / 2.0))) + (2 * macs)) - features - (classes / 2.0);
        return Math.Clamp((int)(hidden / Step) * Step, LeastHidden, MostHidden);
    }
}
