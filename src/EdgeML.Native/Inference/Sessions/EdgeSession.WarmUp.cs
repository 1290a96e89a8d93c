using System.Diagnostics;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Numerics;
using EdgeML.Native.Policies;

namespace EdgeML.Native.Inference.Sessions;

/// <content>What happens before the first task, so that it takes no longer than any other.</content>
public sealed partial class EdgeSession
{
    /// <summary>What warming up takes at most, one run of every plan aside, and how much of it may be waiting for fused sessions,
    /// milliseconds.</summary>
    const double WarmUpMs = 1500, FusionWaitMs = 1000;

    /// <summary>Runs of every plan, on every slot.</summary>
    const int WarmUpRuns = 3;

    /// <summary>Runs the plans that the first tasks are likely to use: the policy in force on either side of its cut, and the whole network
    /// here. Controllers and counters see nothing of it.</summary>
    void WarmUp()
    {
        long started = Stopwatch.GetTimestamp();
        ExitPolicy policy = _control.Current;
        var slots = new List<InferenceSlot>();
        try
        {
            for (int i = 0; i < _options.InFlight; i++) slots.Add(_slots.Rent());
            float[] input = AnyInput(_model.Manifest);
            foreach (InferenceSlot slot in slots)
            {
                RunPlans(slot, input, policy);
                if (Elapsed() > WarmUpMs) return;
            }
            _model.WaitForFusion(TimeSpan.FromMilliseconds(Math.Clamp(WarmUpMs - Elapsed(), 0, FusionWaitMs)));
            for (int run = 0; run < WarmUpRuns; run++)
            {
                foreach (InferenceSlot slot in slots)
                {
                    if (Elapsed() > WarmUpMs) return;
                    RunPlans(slot, input, policy);
                }
            }
        }
        finally
        {
            foreach (InferenceSlot slot in slots) _slots.Return(slot);
        }

        double Elapsed() => Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }

    void RunPlans(InferenceSlot slot, float[] input, in ExitPolicy policy)
    {
        int local = _model.Manifest.LocalCut;
        Span<float> thresholds = stackalloc float[policy.Exits];
        thresholds.Clear();
        slot.Load(input);
        slot.Run(0, local, thresholds);
        // Exits are tried and none is taken, so that everything after them runs too.
        for (int i = 0; i < thresholds.Length; i++) thresholds[i] = policy.Thresholds[i] > 0 ? TriedOnly : 0;
        slot.Load(input);
        if (policy.Cut > 0) slot.Run(0, policy.Cut, thresholds);
        if (policy.Cut < local) slot.Run(policy.Cut, local, thresholds);
        slot.Task = default;
    }

    static float[] AnyInput(ModelManifest manifest)
    {
        var random = new SeededRandom(1);
        var input = new float[manifest.Input.Elements];
        foreach (ref float value in input.AsSpan()) value = (float)(random.Uniform() * 255 * manifest.Input.ByteScale);
        return input;
    }
}
