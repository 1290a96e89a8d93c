using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Models.Manifest;
using EdgeML.Training.Data;

namespace EdgeML.Training.Bottlenecks;

/// <summary>Tensors at a cut and the whole network's outputs for them. One in eight only judges: nothing is fitted on it.</summary>
/// <param name="Tensors">A sample each.</param>
/// <param name="Scores">The network's, of every sample.</param>
sealed record CutSamples(IReadOnlyList<float[]> Tensors, IReadOnlyList<float[]> Scores)
{
    /// <summary>The most that tensors may take, bytes; of a larger cut fewer samples are used.</summary>
    const long MostBytes = 400L << 20;

    const int JudgesEvery = 8;

    /// <summary>Samples to fit on.</summary>
    public int[] Fitting => [.. Enumerable.Range(0, Tensors.Count).Where(i => i % JudgesEvery != 0)];

    /// <summary>Samples that only judge.</summary>
    public int[] Judging => [.. Enumerable.Range(0, Tensors.Count).Where(i => i % JudgesEvery == 0)];

    public static CutSamples Record(BranchedModel model, SampleReader samples, int cut, int count, CancellationToken cancellation)
    {
        ModelManifest manifest = model.Manifest;
        count = (int)Math.Clamp(MostBytes / (sizeof(float) * (long)manifest.BoundaryElements(cut)), 2, Math.Max(2, count));
        float[] never = new float[manifest.SideExits];
        var tensors = new List<float[]>(count);
        var scores = new List<float[]>(count);
        using var slot = new InferenceSlot(model);
        for (int i = 0; i < count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            samples.Load(slot, i);
            slot.Run(0, cut, never);
            tensors.Add(slot.Workspace.Boundary(cut).Floats.ToArray());
            slot.Run(cut, manifest.LocalCut, never);
            float[] own = new float[manifest.Classes];
            slot.CopyLogits(own);
            scores.Add(own);
        }
        return new CutSamples(tensors, scores);
    }
}
