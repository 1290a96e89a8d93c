using System.Diagnostics;
using EdgeML.Native.Offload.Wire;

namespace EdgeML.Native.Offload.Client;

/// <summary>Pings an idle link, and sends payloads that are only timed where tasks alone do not tell the rate. All members are used inside
/// the gate.</summary>
sealed class LinkProbe(TailClientOptions options, LinkMeter meter)
{
    const int SmallestBytes = 3072;
    const int FirstBytes = 8192;

    readonly byte[] _frame = new byte[FramePrelude.Bytes + PingHeader.MaxBytes + (64 << 10)];
    ulong _sequence;
    long _sentAt;
    long _rateProbeAt;
    int _frameBytes;
    long _lastActivity;

    /// <summary>Whether one is on the way.</summary>
    public bool IsOnWay => _sequence != 0;

    /// <summary>Whether its answer is overdue.</summary>
    public bool IsOverdue { get; private set; }

    /// <summary>A connection begins.</summary>
    public void Reset() => (_sequence, IsOverdue, _lastActivity, _rateProbeAt) = (0, false, 0, 0);

    /// <summary>A task is sent.</summary>
    public void NoteActivity(long now) => _lastActivity = now;

    /// <summary>Looks at the one on the way.</summary>
    /// <returns>Whether its answer is overdue by more than a stalled link is given.</returns>
    public bool IsStalled(long now)
    {
        if (_sequence == 0) return false;
        double waitedMs = Ticks.Milliseconds(now - _sentAt), limitMs = LimitMs();
        if (waitedMs > limitMs) IsOverdue = true;
        return waitedMs > options.StallLimit.TotalMilliseconds + limitMs;
    }

    /// <summary>Payload bytes of the ping or probe that is due, or -1.</summary>
    public int Next(long now, bool isIdle)
    {
        if (_sequence != 0) return -1;
        bool probe = IsRateOld(now);
        bool ping = isIdle && options.PingInterval > TimeSpan.Zero
            && Ticks.Milliseconds(now - _lastActivity) >= options.PingInterval.TotalMilliseconds;
        if (!probe) return ping ? 0 : -1;
        // Between two tasks if there is such a moment; a client that is never idle must learn the rate as well.
        if (!isIdle && Ticks.Milliseconds(now - _rateProbeAt) < 2 * options.ProbeInterval.TotalMilliseconds) return -1;
        double rate = meter.RateBitsPerSecond;
        int largest = Math.Min(options.ProbeBytes, _frame.Length - FramePrelude.Bytes - PingHeader.MaxBytes);
        return double.IsNaN(rate)
            ? Math.Min(FirstBytes, largest)
            : (int)Math.Clamp(rate * 0.010 / 8, Math.Min(SmallestBytes, largest), largest);
    }

    /// <summary>Whether tasks alone do not tell the rate: there are none, or they are too small.</summary>
    public bool IsRateOld(long now) =>
        options.ProbeInterval > TimeSpan.Zero && meter.AgeSeconds >= options.ProbeInterval.TotalSeconds
        && Ticks.Milliseconds(now - _rateProbeAt) >= options.ProbeInterval.TotalMilliseconds;

    /// <summary>Makes the frame that is sent next; valid until the next one is made.</summary>
    /// <param name="sequence">Not used before.</param>
    /// <param name="payloadBytes">As <see cref="Next"/> says.</param>
    public ReadOnlyMemory<byte> Begin(ulong sequence, int payloadBytes)
    {
        _sequence = sequence;
        int headerBytes = new PingHeader { Sequence = _sequence }.Write(_frame.AsSpan(FramePrelude.Bytes));
        _frameBytes = FramePrelude.Bytes + headerBytes + payloadBytes;
        _frame.AsSpan(FramePrelude.Bytes + headerBytes, payloadBytes).Clear();
        TailLink.Framed(_frame, payloadBytes == 0 ? FrameKind.Ping : FrameKind.Probe, headerBytes, payloadBytes);
        _sentAt = _lastActivity = Stopwatch.GetTimestamp();
        if (payloadBytes > 0) _rateProbeAt = _sentAt;
        return _frame.AsMemory(0, _frameBytes);
    }

    /// <summary>Its answer is there, and measured.</summary>
    /// <exception cref="InvalidDataException">It is the answer to another one.</exception>
    public void End(in PingHeader pong, long now)
    {
        if (pong.Sequence == 0 || pong.Sequence != _sequence)
            throw new InvalidDataException($"pong answers ping {pong.Sequence}, {_sequence} is on the way");
        double totalMs = Ticks.Milliseconds(now - _sentAt);
        meter.Transfer(totalMs, _frameBytes, pong.Times.Within(totalMs, _frameBytes));
        meter.Load(pong.Times);
        (_sequence, IsOverdue) = (0, false);
    }

    double LimitMs()
    {
        double rttMs = meter.RttMs;
        double transferMs = _frameBytes * 8000.0 / meter.RateBitsPerSecond;
        return Math.Max(options.ProbeTimeout.TotalMilliseconds, double.IsNaN(rttMs) ? 0 : 4 * rttMs)
            + (double.IsNaN(transferMs) ? 0 : 2 * transferMs);
    }
}
