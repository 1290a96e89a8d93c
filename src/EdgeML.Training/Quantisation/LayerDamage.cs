using EdgeML.Native.Models.Onnx;

namespace EdgeML.Training.Quantisation;

/// <summary>The change of the scores when one layer alone computes with integers.</summary>
static class LayerDamage
{
    const int MostSamples = 48;

    /// <summary>The layers, that which changes the scores most first.</summary>
    /// <param name="graph">The network.</param>
    /// <param name="layers">Those in question.</param>
    /// <param name="scales">Of tensors.</param>
    /// <param name="samples">Some of those that tell the ranges are run.</param>
    /// <param name="done">Gets the number of layers done.</param>
    /// <param name="cancellation">Checked between runs.</param>
    /// <returns>A layer, and the mean squared change of the scores as a part of their square.</returns>
    internal static List<(NodeProto Layer, double Damage)> Rank(
        WholeGraph graph, IReadOnlyList<NodeProto> layers, Func<string, TensorScale> scales, SampleChoice samples, Action<int> done,
        CancellationToken cancellation)
    {
        int count = Math.Min(MostSamples, samples.Ranging.Count);
        float[][] inputs = new float[count][];
        for (int i = 0; i < count; i++)
        {
            inputs[i] = new float[TensorInfo.Count(graph.InputDims)];
            samples.ReadRanging(i * (samples.Ranging.Count / count), inputs[i]);
        }
        float[][] expected = Scores(graph.Model);
        var ranked = new List<(NodeProto, double)>();
        NodeProto[] all = [.. graph.Index.Nodes.Where(n => QuantisationPlan.IsLayer(graph, n))];
        foreach (NodeProto layer in layers)
        {
            var alone = new QuantisationPlan(graph, all.Where(n => n != layer).ToHashSet());
            ranked.Add((layer, Distance(expected, Scores(GraphRewriter.Write(graph, alone, scales)))));
            done(ranked.Count);
        }
        return [.. ranked.OrderByDescending(each => each.Item2)];

        float[][] Scores(ModelProto model)
        {
            using var session = new GraphSession(model, graph, graph.Outputs);
            float[][] rows = new float[count * graph.Outputs.Count][];
            for (int i = 0; i < count; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                int row = i * graph.Outputs.Count;
                session.Run(inputs[i], (exit, values) => rows[row + exit] = values.ToArray());
            }
            return rows;
        }
    }

    static double Distance(float[][] expected, float[][] got)
    {
        double sum = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            double square = 1e-30, change = 0;
            for (int c = 0; c < expected[i].Length; c++)
            {
                square += (double)expected[i][c] * expected[i][c];
                change += Math.Pow((double)got[i][c] - expected[i][c], 2);
            }
            sum += change / square;
        }
        return sum / expected.Length;
    }
}
