using EdgeML.Native.Inference.Engines;

namespace EdgeML.Native.Tests.Inference.Engines;

/// <summary>One input up to a cut, and from there on in another run, as a tail or a fallback would.</summary>
sealed record TensorRtAnswer(float[] AtCut, float[] Logits, int Exit, int Class, float Entropy, uint[] Routes)
{
    public static TensorRtAnswer Ask(BranchedModel model, float[] input, float[] thresholds, int cut)
    {
        using var lane = new Lane(model);
        lane.Load(input);
        float[] atCut = [];
        var routes = new List<uint>();
        bool answered = cut > 0 && lane.Run(0, cut, thresholds);
        if (cut > 0) routes.Add(lane.Result.Route);
        if (!answered)
        {
            atCut = lane.Workspace.Boundary(cut).Floats.ToArray();
            lane.Run(cut, model.Manifest.LocalCut, thresholds);
            routes.Add(lane.Result.Route);
        }
        var logits = new float[model.Manifest.Classes];
        lane.CopyLogits(logits);
        return new TensorRtAnswer(atCut, logits, (int)lane.Result.ExitIndex, lane.Result.Label, lane.Result.Entropy, [.. routes]);
    }
}
