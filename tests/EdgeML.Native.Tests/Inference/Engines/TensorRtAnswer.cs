using EdgeML.Native.Inference.Engines;

namespace EdgeML.Native.Tests.Inference.Engines;

/// <summary>One input up to a cut, and from there on in another run, as a tail or a fallback would.</summary>
sealed record TensorRtAnswer(float[] AtCut, float[] Logits, int Exit, int Class, float Entropy, uint[] Routes)
{
    public static TensorRtAnswer Ask(BranchedModel model, float[] input, float[] thresholds, int cut)
    {
        using var slot = new InferenceSlot(model);
        slot.Load(input);
        float[] atCut = [];
        var routes = new List<uint>();
        bool answered = cut > 0 && slot.Run(0, cut, thresholds);
        if (cut > 0) routes.Add(slot.Result.Route);
        if (!answered)
        {
            atCut = slot.Workspace.Boundary(cut).Floats.ToArray();
            slot.Run(cut, model.Manifest.LocalCut, thresholds);
            routes.Add(slot.Result.Route);
        }
        var logits = new float[model.Manifest.Classes];
        slot.CopyLogits(logits);
        return new TensorRtAnswer(atCut, logits, (int)slot.Result.ExitIndex, slot.Result.Label, slot.Result.Entropy, [.. routes]);
    }
}
