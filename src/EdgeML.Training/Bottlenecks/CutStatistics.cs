using System.Numerics.Tensors;
using EdgeML.Native.Codecs;

namespace EdgeML.Training.Bottlenecks;

/// <summary>How values at a cut vary together.</summary>
/// <param name="Patches">How the tensor is seen; its rows are the C channels.</param>
/// <param name="Mean">Of every channel.</param>
/// <param name="Covariance">C x C, over samples and positions.</param>
/// <param name="Rectified">Whether no value was negative.</param>
/// <param name="Vectors">Channels of some positions, for how values are distributed.</param>
sealed record CutStatistics(
    TensorPatches Patches, double[] Mean, double[] Covariance, bool Rectified, IReadOnlyList<float[]> Vectors)
{
    const int MostRows = 256;
    const int WantedVectors = 2000;

    /// <summary>Looks at the samples to fit on.</summary>
    /// <param name="samples">Of the cut.</param>
    /// <param name="shape">Of its tensor: channels, height, width.</param>
    /// <param name="seed">Of the positions that vectors are taken from.</param>
    public static CutStatistics Of(CutSamples samples, IReadOnlyList<int> shape, int seed)
    {
        TensorPatches patches = PatchesOf(shape);
        (int channels, int positions) = (patches.Rows, patches.Positions);
        var vectors = new List<float[]>();
        float[] rows = new float[patches.Elements];
        var mean = new double[channels];
        var square = new double[channels * channels];
        var random = new Random(seed);
        bool rectified = true;
        int[] fitting = samples.Fitting;
        foreach (int sample in fitting)
        {
            float[] tensor = samples.Tensors[sample];
            rectified &= TensorPrimitives.Min(tensor) >= 0f;
            patches.Gather(tensor, rows);
            Add(rows, positions, mean, square);
            for (int v = 0; v <= WantedVectors / fitting.Length; v++)
            {
                int position = random.Next(positions);
                vectors.Add([.. Enumerable.Range(0, channels).Select(c => rows[(c * positions) + position])]);
            }
        }
        double all = (double)fitting.Length * positions;
        for (int c = 0; c < channels; c++) mean[c] /= all;
        for (int c = 0; c < channels; c++)
        {
            for (int d = 0; d <= c; d++)
            {
                double covariance = (square[(c * channels) + d] / all) - (mean[c] * mean[d]);
                square[(c * channels) + d] = square[(d * channels) + c] = covariance;
            }
        }
        return new CutStatistics(patches, mean, square, rectified, vectors);
    }

    /// <summary>Patches as large as the pixels and the number of rows allow: neighbours say much the same early in a network.</summary>
    static TensorPatches PatchesOf(IReadOnlyList<int> shape)
    {
        int size = 1;
        while (shape[1] % (2 * size) == 0 && shape[2] % (2 * size) == 0 && shape[0] * 4 * size * size <= MostRows) size *= 2;
        return new TensorPatches(shape[0], shape[1], shape[2], size);
    }

    static void Add(ReadOnlySpan<float> tensor, int positions, double[] mean, double[] square)
    {
        int channels = mean.Length;
        for (int c = 0; c < channels; c++)
        {
            ReadOnlySpan<float> own = tensor.Slice(c * positions, positions);
            mean[c] += TensorPrimitives.Sum(own);
            for (int d = 0; d <= c; d++)
                square[(c * channels) + d] += TensorPrimitives.Dot(own, tensor.Slice(d * positions, positions));
        }
    }
}
