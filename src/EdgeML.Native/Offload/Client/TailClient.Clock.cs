using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using EdgeML.Native.Offload.Wire;
using EdgeML.Native.Telemetry;

namespace EdgeML.Native.Offload.Client;

/// <content>The clock thread: deadlines of awaiting callers, left-over bytes, pings and probes of an idle link, the limit on a stalled
/// one.</content>
public sealed partial class TailClient
{
    const int LongestNapMs = 50;
    const int SmallestProbe = 3072;
    const int FirstProbe = 8192;

    readonly byte[] _probe = new byte[FramePrelude.Bytes + PingHeader.MaxBytes + (64 << 10)];
    readonly List<TailSlot> _late = [];
    ulong _probeSequence;
    long _probeSentAt;
    long _rateProbeAt;
    int _probeFrameBytes;
    bool _probeOverdue;
    long _lastActivity;
    long _clockDue;

    [SuppressMessage("Design", "CA1031", Justification = "an exception that leaves a background thread ends the process")]
    void KeepTime()
    {
        while (!Volatile.Read(ref _disposed))
        {
            try
            {
                KeepTimeUntilDisposed();
            }
            catch (Exception e)
            {
                Faults.Add("link clock", "deadlines are looked at again after a pause", e);
                Pause(LongestNapMs);
            }
        }
    }

    void KeepTimeUntilDisposed()
    {
        _late.Clear();
        while (true)
        {
            TailLink? link;
            int probeBytes;
            lock (_gate)
            {
                if (_disposed) return;
                link = _link;
                long now = Stopwatch.GetTimestamp();
                CollectLate(now);
                probeBytes = link is null ? -1 : NextProbe(now);
                bool spill = link is not null && link.HasSpill;
                if (_late.Count == 0 && probeBytes < 0 && !spill)
                {
                    int nap = link is null ? Timeout.Infinite : Math.Min(LongestNapMs, MillisecondsUntil(EarliestDeadline()));
                    _clockDue = link is null ? long.MaxValue : now + (nap * Stopwatch.Frequency / 1000);
                    Monitor.Wait(_gate, nap);
                    _clockDue = 0;
                    continue;
                }
            }
            foreach (TailSlot slot in _late) slot.Tell();
            _late.Clear();
            if (link is null) continue;
            Tend(link, probeBytes);
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "an exception that leaves a background thread ends the process")]
    void Tend(TailLink link, int probeBytes)
    {
        try
        {
            if (probeBytes >= 0) Probe(link, probeBytes);
            // Short waits: this thread also keeps the deadlines.
            link.Flush(waitMs: 1);
        }
        catch (IOException)
        {
            // As with requests: the receiving thread ends the connection.
            link.Abort();
        }
        catch (Exception e)
        {
            Faults.Add("link clock", "the connection was ended", e);
            link.Abort(e.Message);
        }
    }

    void CollectLate(long now)
    {
        bool stalled = false;
        foreach (TailSlot slot in _slots)
        {
            if (slot.TaskId == 0) continue;
            if (slot.IsAsync && slot.CallerWaits && slot.DeadlineAt <= now)
            {
                EndForCaller(slot, TailOutcome.Late, FallbackReason.Late);
                MakeStale(slot);
                _late.Add(slot);
            }
            // A caller that cancelled leaves a task on the way that may become overdue like any other.
            else if (!slot.CallerWaits && !slot.IsStale && slot.DeadlineAt <= now) MakeStale(slot);
            stalled |= !slot.CallerWaits && Milliseconds(now - slot.DeadlineAt) > _options.StallLimit.TotalMilliseconds;
        }
        if (_probeSequence != 0)
        {
            double waitedMs = Milliseconds(now - _probeSentAt);
            if (waitedMs > ProbeLimitMs()) _probeOverdue = true;
            stalled |= waitedMs > _options.StallLimit.TotalMilliseconds + ProbeLimitMs();
        }
        if (stalled) _link?.Abort($"link stalled for {_options.StallLimit.TotalMilliseconds:0} ms");
    }

    double ProbeLimitMs()
    {
        double rttMs = _meter.RttMs;
        double transferMs = _probeFrameBytes * 8000.0 / _meter.RateBitsPerSecond;
        return Math.Max(_options.ProbeTimeout.TotalMilliseconds, double.IsNaN(rttMs) ? 0 : 4 * rttMs)
            + (double.IsNaN(transferMs) ? 0 : 2 * transferMs);
    }

    /// <summary>Payload bytes of the ping or probe that is due, or -1.</summary>
    int NextProbe(long now)
    {
        if (_probeSequence != 0) return -1;
        bool probe = IsRateOld(now);
        bool ping = _onWire == 0 && _options.PingInterval > TimeSpan.Zero
            && Milliseconds(now - _lastActivity) >= _options.PingInterval.TotalMilliseconds;
        if (!probe) return ping ? 0 : -1;
        // Between two tasks if there is such a moment; a client that is never idle must learn the rate as well.
        if (_onWire > 0 && Milliseconds(now - _rateProbeAt) < 2 * _options.ProbeInterval.TotalMilliseconds) return -1;
        double rate = _meter.RateBitsPerSecond;
        int largest = Math.Min(_options.ProbeBytes, _probe.Length - FramePrelude.Bytes - PingHeader.MaxBytes);
        return double.IsNaN(rate)
            ? Math.Min(FirstProbe, largest)
            : (int)Math.Clamp(rate * 0.010 / 8, Math.Min(SmallestProbe, largest), largest);
    }

    /// <summary>Whether tasks alone do not tell the rate: there are none, or they are too small.</summary>
    bool IsRateOld(long now) =>
        _options.ProbeInterval > TimeSpan.Zero && _meter.AgeSeconds >= _options.ProbeInterval.TotalSeconds
        && Milliseconds(now - _rateProbeAt) >= _options.ProbeInterval.TotalMilliseconds;

    void Probe(TailLink link, int payloadBytes)
    {
        int frameBytes;
        lock (_gate)
        {
            if (_link != link) return;
            WakeReceiver();
            _probeSequence = ++_sequence;
            int headerBytes = new PingHeader { Sequence = _probeSequence }.Write(_probe.AsSpan(FramePrelude.Bytes));
            frameBytes = FramePrelude.Bytes + headerBytes + payloadBytes;
            _probe.AsSpan(FramePrelude.Bytes + headerBytes, payloadBytes).Clear();
            TailLink.Framed(_probe, payloadBytes == 0 ? FrameKind.Ping : FrameKind.Probe, headerBytes, payloadBytes);
            _probeFrameBytes = frameBytes;
            _probeSentAt = _lastActivity = Stopwatch.GetTimestamp();
            if (payloadBytes > 0) _rateProbeAt = _probeSentAt;
        }
        TrySend(link, _probe.AsSpan(0, frameBytes));
    }

    long EarliestDeadline()
    {
        long earliest = long.MaxValue;
        foreach (TailSlot slot in _slots)
        {
            if (slot.TaskId != 0 && slot.IsAsync && slot.CallerWaits) earliest = Math.Min(earliest, slot.DeadlineAt);
        }
        return earliest;
    }

    void WakeClockBefore(long deadline)
    {
        if (deadline < _clockDue) Monitor.PulseAll(_gate);
    }

    void WakeClock()
    {
        lock (_gate) Monitor.PulseAll(_gate);
    }
}
