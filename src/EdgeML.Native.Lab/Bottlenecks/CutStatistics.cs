using System.Numerics.Tensors;
using EdgeML.Native.Inference;
using EdgeML.Native.Lab.Evaluation;
using EdgeML.Native.Models;
using EdgeML.Native.Offload;

namespace EdgeML.Native.Lab.Bottlenecks;

/// <summary>What a bottleneck at one cut is made from: how the channels there vary together, and how much the network's scores mind an
/// error in them.</summary>
/// <param name="Patches">How the tensor is seen; its rows are the C channels.</param>
/// <param name="Mean">Of every channel.</param>
/// <param name="Covariance">C x C, over samples and positions.</param>
/// <param name="Metric">C x C: e' Metric e is what the next layer, or where that is no plain convolution what the scores, make of an
/// error e at a position.</param>
/// <param name="Rectified">Whether no value was negative.</param>
/// <param name="Vectors">Channels of some positions, for how values are distributed.</param>
sealed record CutStatistics(
    TensorPatches Patches, double[] Mean, double[] Covariance, double[] Metric, bool Rectified, IReadOnlyList<float[]> Vectors)
{
    const int MostRows = 256;
    const int WantedVectors = 2000;

    /// <summary>Runs samples through a network and looks at one cut.</summary>
    /// <param name="model">Loaded.</param>
    /// <param name="samples">Where they come from.</param>
    /// <param name="cut">Of a tensor channels x height x width.</param>
    /// <param name="count">Samples for mean and covariance.</param>
    /// <param name="probes">The first so many of them also for the metric where the next layer does not give it, each at the cost of C
    /// runs of the network behind the cut.</param>
    /// <param name="cancellation">Ends the work.</param>
    public static CutStatistics Measure(
        BranchedModel model, SampleReader samples, int cut, int count, int probes, CancellationToken cancellation)
    {
        IReadOnlyList<int> shape = model.Manifest.Units[cut - 1].OutShape;
        TensorPatches patches = PatchesOf(shape);
        (int channels, int positions) = (patches.Rows, patches.Positions);
        var vectors = new List<float[]>();
        float[] rows = new float[patches.Elements];
        float[] never = new float[model.Manifest.SideExits];
        var mean = new double[channels];
        var square = new double[channels * channels];
        double[]? next = NextLayer.Metric(model.Package, cut, patches);
        double[] metric = next ?? new double[channels * channels];
        var random = new Random(cut);
        bool rectified = true;
        using var lane = new Lane(model);
        for (int i = 0; i < count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            samples.Load(lane, i);
            lane.Run(0, cut, never);
            Span<float> tensor = lane.Workspace.Boundary(cut).Floats;
            rectified &= TensorPrimitives.Min(tensor) >= 0f;
            patches.Gather(tensor, rows);
            Add(rows, positions, mean, square);
            for (int v = 0; v <= WantedVectors / count; v++)
            {
                int position = random.Next(positions);
                vectors.Add([.. Enumerable.Range(0, channels).Select(c => rows[(c * positions) + position])]);
            }
            if (next is null && i < probes) Probe(model, lane, cut, patches, metric, random);
        }
        double all = (double)count * positions;
        for (int c = 0; c < channels; c++) mean[c] /= all;
        for (int c = 0; c < channels; c++)
        {
            for (int d = 0; d <= c; d++)
            {
                double covariance = (square[(c * channels) + d] / all) - (mean[c] * mean[d]);
                square[(c * channels) + d] = square[(d * channels) + c] = covariance;
            }
        }
        return new CutStatistics(patches, mean, square, metric, rectified, vectors);
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

    /// <summary>Adds G'G, G the change of the scores when a channel is moved by one seeded sign at each position: over signs the mean is
    /// the sum over positions of the squared derivative.</summary>
    static void Probe(BranchedModel model, Lane lane, int cut, TensorPatches patches, double[] metric, Random random)
    {
        ModelManifest manifest = model.Manifest;
        float[] never = new float[manifest.SideExits], kept = lane.Workspace.Boundary(cut).Floats.ToArray();
        int channels = patches.Rows, positions = patches.Positions, classes = manifest.Classes;
        float[] rows = new float[kept.Length];
        float[] signs = [.. Enumerable.Range(0, positions).Select(_ => random.Next(2) == 0 ? -1f : 1f)];
        float size = 0.05f * (1e-6f + (float)Math.Sqrt(kept.Sum(value => (double)value * value) / kept.Length));
        var before = new float[classes];
        var after = new float[classes];
        var change = new double[channels * classes];
        lane.Run(cut, manifest.LocalCut, never);
        lane.CopyLogits(before);
        for (int c = 0; c < channels; c++)
        {
            patches.Gather(kept, rows);
            for (int p = 0; p < positions; p++) rows[(c * positions) + p] += size * signs[p];
            patches.Scatter(rows, lane.Workspace.Boundary(cut).Floats);
            lane.Run(cut, manifest.LocalCut, never);
            lane.CopyLogits(after);
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
