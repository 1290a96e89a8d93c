using EdgeML.Native.Inference;
using EdgeML.Native.Lab.Evaluation;
using EdgeML.Native.Models;

namespace EdgeML.Native.Lab.Bottlenecks;

/// <summary>Tensors at a cut and what the whole network makes of them.</summary>
/// <param name="Tensors">A sample each.</param>
/// <param name="Targets">The network's own probabilities: what it is to go on answering.</param>
sealed record TrainingSamples(IReadOnlyList<float[]> Tensors, IReadOnlyList<float[]> Targets)
{
    /// <summary>The most that tensors may take, bytes; of a larger cut fewer samples are used.</summary>
    const long MostBytes = 400L << 20;

    public static TrainingSamples Record(BranchedModel model, SampleReader samples, int cut, int count, CancellationToken cancellation)
    {
        ModelManifest manifest = model.Manifest;
        count = (int)Math.Max(1, Math.Min(count, MostBytes / (sizeof(float) * (long)manifest.BoundaryElements(cut))));
        float[] never = new float[manifest.SideExits];
        var tensors = new List<float[]>(count);
        var targets = new List<float[]>(count);
        using var lane = new Lane(model);
        for (int i = 0; i < count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            samples.Load(lane, i);
            lane.Run(0, cut, never);
            tensors.Add(lane.Workspace.Boundary(cut).Floats.ToArray());
            lane.Run(cut, manifest.LocalCut, never);
            var scores = new float[manifest.Classes];
            lane.CopyLogits(scores);
            System.Numerics.Tensors.TensorPrimitives.SoftMax(scores, scores);
            targets.Add(scores);
        }
        return new TrainingSamples(tensors, targets);
    }
}
