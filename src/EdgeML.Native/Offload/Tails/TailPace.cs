namespace EdgeML.Native.Offload.Tails;

/// <summary>When a task that has no answer yet is sent to another tail. A value.</summary>
/// <param name="HedgeAt">By the user's quantile; it is paid for.</param>
/// <param name="OverdueAt">When the first tail takes unusually long and another would just be in time.</param>
readonly record struct TailPace(long HedgeAt, long OverdueAt)
{
    /// <summary>Never.</summary>
    public static TailPace None => new(long.MaxValue, long.MaxValue);

    /// <summary>The earlier of the two, Stopwatch ticks.</summary>
    public long NextAt => Math.Min(HedgeAt, OverdueAt);
}
