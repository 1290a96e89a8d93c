using EdgeML.Native.Numerics;

namespace EdgeML.Native.Inference.AccuracyGuarantees;

/// <summary>Chooses a share of the tasks by their numbers: the choice must be independent of the tasks' inputs.</summary>
static class TaskHash
{
    /// <summary>A task is chosen whose hash is not above this.</summary>
    public static ulong Below(double share) => share >= 1 ? ulong.MaxValue : (ulong)(share * ulong.MaxValue);

    /// <summary>The value with which a task's number is combined.</summary>
    public static ulong Seed(int seed) => (ulong)(uint)seed * SplitMix64.Step;

    /// <summary>A number's hash.</summary>
    public static ulong Of(ulong value) => SplitMix64.Mix(value + SplitMix64.Step);
}
