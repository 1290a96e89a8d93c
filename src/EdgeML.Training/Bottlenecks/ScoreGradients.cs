using System.Numerics.Tensors;
using EdgeML.Native.Codecs;

namespace EdgeML.Training.Bottlenecks;

/// <summary>How sensitive a network's answer is to an error in the tensor at a cut, by its derivative.</summary>
static class ScoreGradients
{
    /// <summary>Rows x rows of the patches: the mean of g g', g the gradient of the cross-entropy to an answer drawn from the network's own
    /// softened probabilities. That is the second derivative of the divergence from them (Fisher's information), errors of different
    /// patches taken for unrelated.</summary>
    /// <param name="tail">Of the cut.</param>
    /// <param name="samples">Of the cut.</param>
    /// <param name="patches">Of its tensor.</param>
    /// <param name="count">How many samples.</param>
    /// <param name="seed">Of the answers drawn.</param>
    /// <param name="cancellation">Ends the work.</param>
    public static double[] Metric(
        TailGradient tail, CutSamples samples, TensorPatches patches, int count, int seed, CancellationToken cancellation)
    {
        (int rows, int positions) = (patches.Rows, patches.Positions);
        var metric = new double[rows * rows];
        var random = new Random(seed);
        float[] gradient = new float[patches.Elements], gathered = new float[patches.Elements];
        foreach (int sample in samples.Fitting.Take(count))
        {
            cancellation.ThrowIfCancellationRequested();
            float[] drawn = new float[samples.Scores[sample].Length];
            drawn[Draw(SoftAnswer.Of(samples.Scores[sample]), random.NextDouble())] = 1;
            tail.Run(samples.Tensors[sample], drawn, gradient);
            patches.Gather(gradient, gathered);
            for (int row = 0; row < rows; row++)
            {
                ReadOnlySpan<float> own = gathered.AsSpan(row * positions, positions);
                for (int other = 0; other <= row; other++)
                    metric[(row * rows) + other] += TensorPrimitives.Dot(own, gathered.AsSpan(other * positions, positions));
            }
        }
        for (int row = 0; row < rows; row++)
        {
            for (int other = 0; other < row; other++) metric[(other * rows) + row] = metric[(row * rows) + other];
        }
        return metric;
    }

    static int Draw(float[] probabilities, double at)
    {
        int answer = 0;
        for (; answer < probabilities.Length - 1 && at >= probabilities[answer]; answer++) at -= probabilities[answer];
        return answer;
    }
}
