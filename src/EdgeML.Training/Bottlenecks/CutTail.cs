using EdgeML.Native.Codecs;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Models.Manifest;

namespace EdgeML.Training.Bottlenecks;

/// <summary>The network after a cut, run on a tensor at the cut. One thread.</summary>
sealed class CutTail : IDisposable
{
    readonly InferenceSlot _slot;
    readonly int _cut;
    readonly int _end;
    readonly float[] _never;
    readonly float[] _scores;

    public CutTail(BranchedModel model, int cut)
    {
        ModelManifest manifest = model.Manifest;
        (_slot, _cut, _end) = (new InferenceSlot(model), cut, manifest.LocalCut);
        (_never, _scores) = (new float[manifest.SideExits], new float[manifest.Classes]);
    }

    /// <summary>Scores of a tensor; until the next call.</summary>
    public float[] Scores(ReadOnlySpan<float> tensor)
    {
        tensor.CopyTo(_slot.Workspace.Boundary(_cut).Floats);
        _slot.RoundToLevels(_cut);
        _slot.Run(_cut, _end, _never);
        _slot.CopyLogits(_scores);
        return _scores;
    }

    /// <summary>The distance of the answers with a bottleneck from those without, on the samples that judge.</summary>
    public double Loss(LinearBottleneck map, CutSamples samples)
    {
        byte[] payload = new byte[map.PayloadBytes];
        float[] tensor = new float[map.Patches.Elements];
        int[] judging = samples.Judging;
        double sum = 0;
        foreach (int i in judging)
        {
            map.Encode(samples.Tensors[i], payload);
            map.Decode(payload, tensor);
            sum += SoftAnswer.Loss(Scores(tensor), SoftAnswer.Of(samples.Scores[i]));
        }
        return sum / judging.Length;
    }

    public void Dispose() => _slot.Dispose();
}
