using EdgeML.Native.Offload.Wire;

namespace EdgeML.Native.Offload.Client;

/// <summary>Pings an idle link, and sends payloads that are only timed where tasks alone do not tell the rate. All members are used inside
/// the gate, but for those that say otherwise.</summary>
/// <remarks>Both follow use: after a rest they come again when half as much time has passed as the rest is long, up to a limit, and at once
/// with the next task.</remarks>
sealed class LinkProbe(TailClientOptions options, LinkMeter meter, TimeProvider? clock = null)
{
    /// <summary>A rest of pings that tails, and balancers before them, still take for a living connection.</summary>
    static readonly TimeSpan s_safePing = TimeSpan.FromSeconds(45);

    /// <summary>How rarely a link at rest is pinged, so that no tail takes it for dead, and probed; links that share a budget share these
    /// costs too.</summary>
    readonly TimeSpan _longestPing = Min(options.Sharing * TimeSpan.FromSeconds(20), s_safePing),
        _longestProbe = options.Sharing * TimeSpan.FromMinutes(15);

    /// <summary>A rest after which a task wakes the clock.</summary>
    const double RestMs = 1000;

    const int SmallestBytes = 3072;
    const int FirstBytes = 8192;

    readonly byte[] _frame = new byte[FramePrelude.Bytes + PingHeader.MaxBytes + (64 << 10)];
    readonly TimeProvider _clock = clock ?? TimeProvider.System;
    readonly ProbeBudget _budget = options.SharedBudget ?? new ProbeBudget(options.ProbeBudget);
    ulong _sequence;
    long _usedAt;
    long _sentAt;
    long _rateProbeAt;
    int _frameBytes;
    long _lastActivity;

    /// <summary>Whether one is on the way.</summary>
    public bool IsOnWay => _sequence != 0;

    /// <summary>Whether its answer is overdue.</summary>
    public bool IsOverdue { get; private set; }

    /// <summary>A connection begins.</summary>
    public void Reset()
    {
        (_sequence, IsOverdue, _lastActivity, _rateProbeAt) = (0, false, 0, 0);
        Volatile.Write(ref _usedAt, _clock.GetTimestamp());
    }

    /// <summary>A task begins, wherever it will be answered. Any thread.</summary>
    /// <returns>Whether it ends a rest.</returns>
    public bool NoteUse()
    {
        long now = _clock.GetTimestamp();
        bool rested = Ticks.Milliseconds(now - Volatile.Read(ref _usedAt)) > RestMs;
        Volatile.Write(ref _usedAt, now);
        return rested;
    }

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
        double quietMs = Ticks.Milliseconds(now - _lastActivity);
        bool ping = isIdle && options.PingInterval > TimeSpan.Zero && quietMs >= IntervalMs(options.PingInterval, _longestPing, now)
            && (_budget.Allows(0, now) || quietMs >= _longestPing.TotalMilliseconds);
        if (!probe) return ping ? 0 : -1;
        // Between two tasks if there is such a moment; a client that is never idle must learn the rate as well.
        if (!isIdle && Ticks.Milliseconds(now - _rateProbeAt) < 2 * options.ProbeInterval.TotalMilliseconds) return -1;
        double rate = meter.RateBitsPerSecond;
        int largest = Math.Min(options.ProbeBytes, _frame.Length - FramePrelude.Bytes - PingHeader.MaxBytes);
        int payload = double.IsNaN(rate)
            ? Math.Min(FirstBytes, largest)
            : (int)Math.Clamp(rate * 0.010 / 8, Math.Min(SmallestBytes, largest), largest);
        return _budget.Allows(payload, now) ? payload : ping ? 0 : -1;
    }

    /// <summary>Whether tasks alone do not tell the rate: there are none, or they are too small.</summary>
    public bool IsRateOld(long now) =>
        options.ProbeInterval > TimeSpan.Zero && IntervalMs(options.ProbeInterval, _longestProbe, now) is var intervalMs
        && meter.AgeSeconds * 1000 >= intervalMs && Ticks.Milliseconds(now - _rateProbeAt) >= intervalMs;

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
        _sentAt = _lastActivity = _clock.GetTimestamp();
        _budget.Spend(payloadBytes, _sentAt);
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

    double IntervalMs(TimeSpan least, TimeSpan most, long now)
    {
        double restMs = Ticks.Milliseconds(now - Volatile.Read(ref _usedAt));
        return Math.Max(least.TotalMilliseconds, Math.Min(restMs / 2, most.TotalMilliseconds));
    }

    static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;

    double LimitMs()
    {
        double rttMs = meter.RttMs;
        double transferMs = _frameBytes * 8000.0 / meter.RateBitsPerSecond;
        return Math.Max(options.ProbeTimeout.TotalMilliseconds, double.IsNaN(rttMs) ? 0 : 4 * rttMs)
            + (double.IsNaN(transferMs) ? 0 : 2 * transferMs);
    }
}
