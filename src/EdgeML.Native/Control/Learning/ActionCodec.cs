using EdgeML.Native.Control.Costs;
using EdgeML.Native.Policies;

namespace EdgeML.Native.Control.Learning;

/// <summary>Between policies and the actor's numbers in 0..1: thresholds as they are, then the cut, then the interval.</summary>
/// <remarks>
/// G_j = y_j, C = min(P - 1, floor(P y)) over the P candidates, T = 1 + min(Nmax - 1, floor(Nmax y)); every value has the same share
/// of 0..1.
/// </remarks>
sealed class ActionCodec(int sideExits, CutCandidate[] candidates, int maxInterval = 5, ThresholdForm form = ThresholdForm.PerExit)
{
    readonly int _thresholds = form == ThresholdForm.None ? 0 : sideExits;

    /// <summary>Numbers in an action: N + 2, or 2 without thresholds.</summary>
    public int Size => _thresholds + 2;

    /// <summary>The policy of an action; values outside 0..1 are clipped, NaN counts as 0.</summary>
    public ExitPolicy Decode(ReadOnlySpan<float> action)
    {
        Span<float> thresholds = stackalloc float[sideExits];
        for (int i = 0; i < sideExits; i++)
        {
            thresholds[i] = form switch
            {
                ThresholdForm.FirstForAll => Clip(action[0]),
                ThresholdForm.LastForAll => Clip(action[sideExits - 1]),
                ThresholdForm.None => 0f,
                _ => Clip(action[i]),
            };
        }
        CutCandidate candidate = candidates[Slot(action[_thresholds], candidates.Length)];
        return new ExitPolicy(thresholds, candidate.Cut, 1 + Slot(action[_thresholds + 1], maxInterval), candidate.Bottleneck);
    }

    /// <summary>The action that decodes to the policy, cut and interval at the middle of their slots.</summary>
    /// <remarks>A cut that is no candidate becomes the nearest one, a bottleneck that is none the session's codec.</remarks>
    public void Encode(in ExitPolicy policy, Span<float> action)
    {
        policy.Thresholds[.._thresholds].CopyTo(action);
        int nearest = 0;
        for (int i = 1; i < candidates.Length; i++)
        {
            int distance = Math.Abs(candidates[i].Cut - policy.Cut), least = Math.Abs(candidates[nearest].Cut - policy.Cut);
            bool same = candidates[i] == new CutCandidate(policy.Cut, policy.Bottleneck);
            if (distance < least || same) nearest = i;
        }
        action[_thresholds] = (nearest + 0.5f) / candidates.Length; // (38)
        action[_thresholds + 1] = (Math.Min(policy.Interval, maxInterval) - 0.5f) / maxInterval;
    }

    static int Slot(float value, int slots) => Math.Min(slots - 1, (int)(slots * Clip(value)));

    static float Clip(float value) => value > 0f ? Math.Min(value, 1f) : 0f;
}
