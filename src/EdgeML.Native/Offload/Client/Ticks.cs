using System.Diagnostics;

namespace EdgeML.Native.Offload.Client;

/// <summary>Stopwatch ticks in milliseconds.</summary>
static class Ticks
{
    public static double Milliseconds(long ticks) => ticks * 1000.0 / Stopwatch.Frequency;

    /// <summary>Whole milliseconds until a deadline, rounded up; 0 once it has passed.</summary>
    public static int MillisecondsUntil(long deadline) =>
        (int)Math.Clamp(Math.Ceiling(Milliseconds(deadline - Stopwatch.GetTimestamp())), 0, int.MaxValue - 1);
}
