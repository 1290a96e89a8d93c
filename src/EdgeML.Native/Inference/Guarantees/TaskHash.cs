namespace EdgeML.Native.Inference.Guarantees;

/// <summary>Chooses a share of the tasks by their numbers: which ones are chosen must have nothing to do with what they are.</summary>
static class TaskHash
{
    /// <summary>A task is chosen whose hash is not above this.</summary>
    public static ulong Below(double share) => share >= 1 ? ulong.MaxValue : (ulong)(share * ulong.MaxValue);

    /// <summary>What a task's number is combined with.</summary>
    public static ulong Seed(int seed) => (ulong)(uint)seed * 0x9E3779B97F4A7C15;

    /// <summary>SplitMix64.</summary>
    public static ulong Of(ulong value)
    {
        value += 0x9E3779B97F4A7C15;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
