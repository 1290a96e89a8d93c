using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;

namespace EdgeML.Native.Offload.Client;

/// <summary>The thread that keeps time: deadlines of awaiting callers, left-over bytes, pings and probes, the limit on a stalled
/// link.</summary>
sealed class LinkClock
{
    const int LongestNapMs = 50;

    readonly LinkState _state;
    readonly TimeSpan _stallLimit;
    readonly List<RequestSlot> _late = [];
    readonly Thread _thread;

    public LinkClock(LinkState state, TimeSpan stallLimit)
    {
        (_state, _stallLimit) = (state, stallLimit);
        _thread = new Thread(Run) { IsBackground = true, Name = "edgeml link clock" };
    }

    public void Start() => _thread.Start();

    /// <summary>Waits for its end, unless this is the thread itself.</summary>
    public void Join()
    {
        if (Thread.CurrentThread != _thread) _thread.Join();
    }

    [SuppressMessage("Design", "CA1031", Justification = "an exception that leaves a background thread ends the process")]
    void Run()
    {
        while (!_state.IsDisposed)
        {
            try
            {
                KeepTimeUntilDisposed();
            }
            catch (Exception e)
            {
                _state.Faults.Add("link clock", "deadlines are looked at again after a pause", e);
                _state.Pause(LongestNapMs);
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
            lock (_state.Gate)
            {
                if (_state.IsDisposed) return;
                link = _state.Link;
                long now = Stopwatch.GetTimestamp();
                CollectLate(now);
                probeBytes = link is null ? -1 : _state.Probe.Next(now, isIdle: _state.Tasks.OnWire == 0);
                bool spill = link is not null && link.HasSpill;
                if (_late.Count == 0 && probeBytes < 0 && !spill)
                {
                    int untilDeadline = Ticks.MillisecondsUntil(_state.Tasks.EarliestDeadline());
                    int nap = link is null ? Timeout.Infinite : Math.Min(LongestNapMs, untilDeadline);
                    _state.WaitOnClock(nap, link is null ? long.MaxValue : now + (nap * Stopwatch.Frequency / 1000));
                    continue;
                }
            }
            foreach (RequestSlot slot in _late) slot.Tell();
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
            _state.Faults.Add("link clock", "the connection was ended", e);
            link.Abort(e.Message);
        }
    }

    void CollectLate(long now)
    {
        bool stalled = _state.Tasks.EndLate(now, _late) > _stallLimit.TotalMilliseconds;
        stalled |= _state.Probe.IsStalled(now);
        if (stalled) _state.Link?.Abort($"link stalled for {_stallLimit.TotalMilliseconds:0} ms");
    }

    void Probe(TailLink link, int payloadBytes)
    {
        ReadOnlyMemory<byte> frame;
        lock (_state.Gate)
        {
            if (_state.Link != link) return;
            _state.Turn.WakeReceiver();
            frame = _state.Probe.Begin(_state.NextSequence(), payloadBytes);
        }
        _state.Send(link, frame.Span);
    }
}
