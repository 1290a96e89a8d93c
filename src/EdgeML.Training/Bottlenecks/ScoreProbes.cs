using EdgeML.Native.Codecs;

namespace EdgeML.Training.Bottlenecks;

/// <summary>How sensitive a network's scores are to an error in the tensor at a cut, found by moving the tensor.</summary>
static class ScoreProbes
{
    const float Size = 0.05f;

    /// <summary>Rows x rows of the patches: the sum of G'G, G the change of the scores when a row is moved by one seeded sign at each
    /// position; over signs the mean is the sum over positions of the squared derivative.</summary>
    /// <param name="tail">Of the cut; runs once per row and probe.</param>
    /// <param name="samples">Of the cut.</param>
    /// <param name="patches">Of its tensor.</param>
    /// <param name="probes">How many samples.</param>
    /// <param name="seed">Of the signs.</param>
    /// <param name="cancellation">Ends the work.</param>
    public static double[] Metric(
        CutTail tail, CutSamples samples, TensorPatches patches, int probes, int seed, CancellationToken cancellation)
    {
        var metric = new double[patches.Rows * patches.Rows];
        var random = new Random(seed);
        foreach (int sample in samples.Fitting.Take(probes)) Probe(tail, samples.Tensors[sample], patches, metric, random, cancellation);
        return metric;
    }

    static void Probe(
        CutTail tail, float[] tensor, TensorPatches patches, double[] metric, Random random, CancellationToken cancellation)
    {
        (int channels, int positions) = (patches.Rows, patches.Positions);
        float[] signs = [.. Enumerable.Range(0, positions).Select(_ => random.Next(2) == 0 ? -1f : 1f)];
        float size = Size * (1e-6f + (float)Math.Sqrt(tensor.Sum(value => (double)value * value) / tensor.Length));
        float[] before = [.. tail.Scores(tensor)], rows = new float[tensor.Length], moved = new float[tensor.Length];
        int classes = before.Length;
        var change = new double[channels * classes];
        for (int c = 0; c < channels; c++)
        {
            cancellation.ThrowIfCancellationRequested();
            patches.Gather(tensor, rows);
            for (int p = 0; p < positions; p++) rows[(c * positions) + p] += size * signs[p];
            patches.Scatter(rows, moved);
            float[] after = tail.Scores(moved);
            double shift = 0;
            for (int k = 0; k < classes; k++) shift += (after[k] - before[k]) / classes;
            for (int k = 0; k < classes; k++) change[(c * classes) + k] = (after[k] - before[k] - shift) / size;
        }
        for (int c = 0; c < channels; c++)
        {
            for (int d = 0; d < channels; d++)
            {
                double sum = 0;
                for (int k = 0; k < classes; k++) sum += change[(c * classes) + k] * change[(d * classes) + k];
                metric[(c * channels) + d] += sum;
            }
        }
    }
}
