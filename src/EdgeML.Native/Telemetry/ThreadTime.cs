using System.Diagnostics;
using System.Runtime.InteropServices;

namespace EdgeML.Native.Telemetry;

/// <summary>A clock that stands while its thread is not running: deciding and learning cost processor time, and on a busy
/// machine the wall clock tells several times that. Two readings belong together only if one thread took both.</summary>
/// <remarks>Linux and macOS tell a thread's time finely enough; elsewhere the stopwatch stands in, which never shows less.</remarks>
sealed unsafe partial class ThreadTime : TimeProvider
{
    const long NanosecondsPerSecond = 1_000_000_000;

    // CLOCK_THREAD_CPUTIME_ID; 0 where it is not used. The structure below is that of 64-bit systems.
    static readonly int s_clockId = !Environment.Is64BitProcess ? 0 : OperatingSystem.IsLinux() ? 3 : OperatingSystem.IsMacOS() ? 16 : 0;

    ThreadTime()
    {
    }

    public static ThreadTime Clock { get; } = new();

    public override long TimestampFrequency => NanosecondsPerSecond;

    /// <summary>Nanoseconds this thread has run.</summary>
    public static long Now
    {
        get
        {
            TimeSpec time = default;
            if (s_clockId != 0 && ClockGetTime(s_clockId, &time) == 0) return (time.Seconds * NanosecondsPerSecond) + time.Nanoseconds;
            return (long)(Stopwatch.GetTimestamp() * ((double)NanosecondsPerSecond / Stopwatch.Frequency));
        }
    }

    /// <summary>Milliseconds this thread has run since one of its readings.</summary>
    public static double MillisecondsSince(long start) => (Now - start) / 1e6;

    public override long GetTimestamp() => Now;

    [StructLayout(LayoutKind.Sequential)]
    struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int ClockGetTime(int clock, TimeSpec* time);
}
