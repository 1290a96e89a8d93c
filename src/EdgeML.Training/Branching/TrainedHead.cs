using EdgeML.Native.Preparation.Branching;

namespace EdgeML.Training.Branching;

/// <summary>A head that has learned; standardisation and temperature are in its weights.</summary>
/// <param name="Plan">Where it sits, and its sizes.</param>
/// <param name="Layers">As they go into the model.</param>
/// <param name="Temperature">The divisor of its scores.</param>
/// <param name="Epochs">Passes it took.</param>
/// <param name="KeptEpoch">The pass whose weights these are.</param>
sealed record TrainedHead(HeadPlan Plan, IReadOnlyList<HeadLayer> Layers, double Temperature, int Epochs, int KeptEpoch)
{
    const int Rows = 256;

    /// <summary>Cells a map is pooled to, "4x4"; empty where nothing is pooled over a plane.</summary>
    internal string PooledTo => Plan.Pool is (var rows, var columns) ? $"{rows}x{columns}" : "";

    /// <summary>Widths from features to classes, "512-128-10".</summary>
    internal string Shape => string.Join('-', Plan.Sizes);

    internal long Macs => Plan.Macs;

    /// <summary>Scores of rows of a file, side by side.</summary>
    internal float[] Score(FeatureFile file, int head, IReadOnlyList<int> rows)
    {
        var net = new HeadNet(Plan.Sizes, Rows);
        for (int layer = 0; layer < Layers.Count; layer++) net.Import(layer, Layers[layer].Weights, Layers[layer].Biases);
        int classes = Plan.Sizes[^1];
        var scores = new float[rows.Count * classes];
        for (int at = 0; at < rows.Count; at += Rows)
        {
            int count = Math.Min(Rows, rows.Count - at);
            for (int i = 0; i < count; i++) file.Features(rows[at + i], head).CopyTo(net.Input(i));
            net.Forward(count, null);
            for (int i = 0; i < count; i++) net.Scores(i).CopyTo(scores.AsSpan((at + i) * classes, classes));
        }
        return scores;
    }
}
