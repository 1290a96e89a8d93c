using System.Diagnostics;
using EdgeML.Native.Offload.Wire;

namespace EdgeML.Server.Scheduling;

/// <summary>How loaded the server is, and the emulation of a loaded one. Any thread.</summary>
/// <param name="threads">Compute threads.</param>
/// <param name="factor">By which computing is stretched; null for not at all.</param>
sealed class LoadMeter(int threads, Func<double>? factor)
{
    /// <summary>Weight of the newest run in <see cref="Slowdown"/>.</summary>
    const float Newest = 0.3f;

    readonly Lock _gate = new();
    long _windowStart = Stopwatch.GetTimestamp();
    long _busyTicks;
    long _lastRun;
    float _busyShare;
    float _slowdown = 1;

    /// <summary>How much longer than its profile says the server computes now.</summary>
    public float Slowdown
    {
        get
        {
            lock (_gate) return IsRecent ? _slowdown : (float)Factor();
        }
    }

    bool IsRecent => Stopwatch.GetElapsedTime(_lastRun) < TimeSpan.FromSeconds(1);

    public void Stamp(ref TransferTimes times)
    {
        lock (_gate)
        {
            times.BusyShare = IsRecent ? _busyShare : 0;
            times.Slowdown = IsRecent ? _slowdown : (float)Factor();
        }
    }

    /// <summary>Waits until as much time has passed since the start as a machine under the emulated load would need.</summary>
    /// <returns>Ticks since the start.</returns>
    public long Stretched(long start)
    {
        long ran = Stopwatch.GetTimestamp() - start;
        double by = Factor();
        if (by <= 1) return ran;
        long end = start + (long)(ran * by);
        int whole = (int)((end - Stopwatch.GetTimestamp()) * 1000 / Stopwatch.Frequency) - 1;
        if (whole > 0) Thread.Sleep(whole);
        while (Stopwatch.GetTimestamp() < end) Thread.SpinWait(20);
        return Stopwatch.GetTimestamp() - start;
    }

    /// <summary>A run took so many ticks.</summary>
    /// <param name="ticks">Stopwatch ticks.</param>
    /// <param name="expectedMs">The profiled time; NaN where there is none.</param>
    public void Account(long ticks, double expectedMs)
    {
        lock (_gate)
        {
            _lastRun = Stopwatch.GetTimestamp();
            if (expectedMs > 0) _slowdown += Newest * ((float)(ticks * 1000.0 / Stopwatch.Frequency / expectedMs) - _slowdown);
            _busyTicks += ticks;
            long window = _lastRun - _windowStart;
            if (window < Stopwatch.Frequency / 4) return;
            _busyShare = (float)Math.Min(1, (double)_busyTicks / window / threads);
            (_windowStart, _busyTicks) = (_lastRun, 0);
        }
    }

    double Factor() => factor is null ? 1 : Math.Max(1, factor());
}
