using System.Diagnostics;

namespace EdgeML.Native.Inference.Streams;

/// <summary>When the next frame is due. One thread.</summary>
/// <param name="framesPerSecond">Null: at once.</param>
/// <param name="now">Ticks of <see cref="Stopwatch"/>.</param>
sealed class FramePace(double? framesPerSecond, Func<long> now)
{
    readonly long _period = framesPerSecond is { } rate ? (long)(Stopwatch.Frequency / rate) : 0;
    long _due;

    /// <summary>Time until the next frame is due; each call is one frame. After a source was late by more than a frame there is no burst:
    /// the frames after it keep their distance.</summary>
    public TimeSpan Next()
    {
        if (_period == 0) return TimeSpan.Zero;
        long at = now();
        if (_due == 0 || at - _due > _period) _due = at;
        TimeSpan wait = Stopwatch.GetElapsedTime(at, Math.Max(at, _due));
        _due += _period;
        return wait;
    }
}
