using System.Diagnostics;
using System.Runtime.InteropServices;

namespace EdgeML.Simulation.Links;

/// <summary>Waits shorter than the milliseconds of <see cref="Thread.Sleep(int)"/> without keeping a core busy.</summary>
static partial class PreciseWait
{
    /// <summary>Waits about this long; on Linux some 60 microseconds longer, elsewhere with a short spin at the end.</summary>
    public static void For(double seconds)
    {
        if (seconds <= 0) return;
        if (OperatingSystem.IsLinux())
        {
            var time = new TimeSpec { Seconds = (nint)seconds, Nanoseconds = (nint)((seconds - Math.Floor(seconds)) * 1e9) };
            _ = NanoSleep(in time, 0);
            return;
        }
        long end = Stopwatch.GetTimestamp() + (long)(seconds * Stopwatch.Frequency);
        if (seconds > 0.002) Thread.Sleep((int)(seconds * 1000) - 1);
        while (Stopwatch.GetTimestamp() < end) Thread.SpinWait(50);
    }

    struct TimeSpec
    {
        public nint Seconds;
        public nint Nanoseconds;
    }

    [LibraryImport("libc", EntryPoint = "nanosleep")]
    private static partial int NanoSleep(in TimeSpec requested, nint remaining);
}
