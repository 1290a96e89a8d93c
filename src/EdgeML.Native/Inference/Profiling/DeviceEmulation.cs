using System.Diagnostics;
using EdgeML.Native.Models.Manifest;

namespace EdgeML.Native.Inference.Profiling;

/// <summary>Makes this machine answer as late as a slower one: after the real computation the caller waits until the
/// emulated device's time for the same units and heads has passed. Results stay real; only time is stretched.</summary>
/// <param name="Device">Times of the emulated device; where they are shorter than the real ones, the real ones stand.</param>
/// <param name="Slowdown">How many times slower than the profile it was made from; for display.</param>
public sealed record DeviceEmulation(DeviceProfile Device, double Slowdown)
{
    // Sleeping overshoots by up to a scheduler tick; the rest is spent yielding.
    const double SleepMarginMs = 1.2;

    /// <summary>Called on the thread that is about to wait for the emulated device; for tests.</summary>
    internal Action? Waiting { get; init; }

    /// <summary>Blocks until <paramref name="milliseconds"/> have passed since <paramref name="startTimestamp"/>.</summary>
    internal void WaitUntil(long startTimestamp, double milliseconds)
    {
        Waiting?.Invoke();
        while (true)
        {
            double left = milliseconds - Stopwatch.GetElapsedTime(startTimestamp).TotalMilliseconds;
            if (left <= 0) return;
            if (left > SleepMarginMs) Thread.Sleep((int)Math.Max(1, left - SleepMarginMs));
            else Thread.SpinWait(50);
        }
    }
}
