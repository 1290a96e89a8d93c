using System.Diagnostics;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Profiling;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Numerics;
using EdgeML.Native.Policies;

namespace EdgeML.Native.Inference.Sessions;

/// <summary>Work before the first task, so that it takes no longer than any other.</summary>
static class SessionWarmUp
{
    /// <summary>The longest time of warming up, without one run of every plan, and the part of it that may be waiting for fused sessions,
    /// milliseconds.</summary>
    const double MostMs = 1500, FusionWaitMs = 1000;

    /// <summary>Runs of every plan, on every slot.</summary>
    const int Runs = 3;

    /// <summary>Runs the plans that the first tasks are likely to use: a policy on either side of its cut, and the whole network
    /// here. Controllers and counters see nothing of it.</summary>
    /// <param name="model">Loaded.</param>
    /// <param name="pool">With no task under way.</param>
    /// <param name="count">Slots of the pool.</param>
    /// <param name="policy">In force.</param>
    public static void Run(BranchedModel model, InferenceSlotPool pool, int count, in ExitPolicy policy)
    {
        long started = Stopwatch.GetTimestamp();
        var slots = new List<InferenceSlot>();
        try
        {
            for (int i = 0; i < count; i++) slots.Add(pool.Rent());
            float[] input = InputExamples.Row(model.Manifest, new SeededRandom(1).Uniform);
            foreach (InferenceSlot slot in slots)
            {
                RunPlans(model.Manifest, slot, input, policy);
                if (Elapsed() > MostMs) return;
            }
            model.WaitForFusion(TimeSpan.FromMilliseconds(Math.Clamp(MostMs - Elapsed(), 0, FusionWaitMs)));
            for (int run = 0; run < Runs; run++)
            {
                foreach (InferenceSlot slot in slots)
                {
                    if (Elapsed() > MostMs) return;
                    RunPlans(model.Manifest, slot, input, policy);
                }
            }
        }
        finally
        {
            foreach (InferenceSlot slot in slots) pool.Return(slot);
        }

        double Elapsed() => Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }

    static void RunPlans(ModelManifest manifest, InferenceSlot slot, float[] input, in ExitPolicy policy)
    {
        int local = manifest.LocalCut;
        Span<float> thresholds = stackalloc float[policy.Exits];
        thresholds.Clear();
        slot.Load(input);
        slot.Run(0, local, thresholds);
        // Exits are tried and none is taken, so that everything after them runs too.
        for (int i = 0; i < thresholds.Length; i++) thresholds[i] = policy.Thresholds[i] > 0 ? EdgeUnits.TriedOnly : 0;
        slot.Load(input);
        if (policy.Cut > 0) slot.Run(0, policy.Cut, thresholds);
        if (policy.Cut < local) slot.Run(policy.Cut, local, thresholds);
    }
}
