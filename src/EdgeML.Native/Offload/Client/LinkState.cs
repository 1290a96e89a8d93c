using EdgeML.Native.Telemetry;

namespace EdgeML.Native.Offload.Client;

/// <summary>The parts of a client that its callers and its two threads share, and the gate that guards them.</summary>
/// <remarks>Members are used inside the gate, but for those that say otherwise.</remarks>
sealed class LinkState
{
    bool _isDisposed;
    ulong _sequence;
    long _clockDue;
    long _bytesSent;

    public LinkState(TailClientOptions options, int classes)
    {
        Tasks = new TailTasks(Gate, options.Limits.MaxInFlight, classes, options.CompleteInline);
        Probe = new LinkProbe(options, Meter);
        Turn = new ReceiveTurn(Gate, Tasks, Probe, options.RestMs);
    }

    /// <summary>Guards everything here; pulsed when something changes that a thread may wait for.</summary>
    public object Gate { get; } = new();

    /// <summary>Measures the link; any thread.</summary>
    public LinkMeter Meter { get; } = new();

    /// <summary>The requests on the way.</summary>
    public TailTasks Tasks { get; }

    /// <summary>Pings and probes.</summary>
    public LinkProbe Probe { get; }

    /// <summary>The receiving thread or caller.</summary>
    public ReceiveTurn Turn { get; }

    /// <summary>Exceptions on the client's threads that are no fault of a link; any thread.</summary>
    public BackgroundFaults Faults { get; } = new();

    /// <summary>The connection; null while there is none.</summary>
    public TailLink? Link { get; set; }

    /// <summary>Why the last connection or attempt ended.</summary>
    public FallbackReason Fault { get; private set; }

    /// <summary>The same in a line.</summary>
    public string? LastFault { get; private set; }

    /// <summary>Requests the tail takes at the same time.</summary>
    public int MaxInFlight { get; private set; }

    /// <summary>Answers that were not believed, so far.</summary>
    public long Contradictions { get; set; }

    /// <summary>Requests sent so far, their answers that were used, and those that came too late or second and were dropped.</summary>
    public (long Sent, long Answered, long Dropped) Counts { get; set; }

    /// <summary>Whether the client was closed; any thread.</summary>
    public bool IsDisposed => Volatile.Read(ref _isDisposed);

    /// <summary>Bytes sent so far; any thread.</summary>
    public long BytesSent => Interlocked.Read(ref _bytesSent);

    /// <summary>The text of the tail's request to leave; null where it has made none on this connection.</summary>
    public string? GoAway { get; private set; }

    /// <summary>Connected to a tail that keeps its clients, and nothing on the way that is overdue.</summary>
    public bool IsUp => Link is not null && GoAway is null && Tasks.Overdue == 0 && !Probe.IsOverdue && !_isDisposed;

    /// <summary>Why nothing would be sent now; <see cref="FallbackReason.None"/> while it is up.</summary>
    public FallbackReason DownReason =>
        IsUp ? FallbackReason.None
        : GoAway is not null ? FallbackReason.Leaving
        : Link is not null ? FallbackReason.Stalled : Fault == FallbackReason.None ? FallbackReason.Connecting : Fault;

    /// <summary>A number that no task, ping or probe has had. The id of a task begins with it and is never 0: to a tail that is the whole
    /// connection.</summary>
    public ulong NextSequence()
    {
        if (++_sequence << 8 == 0) _sequence = 1;
        return _sequence;
    }

    /// <summary>A connection is made and both sides have sent hello.</summary>
    public void Open(TailLink link)
    {
        MaxInFlight = Math.Min(Tasks.Capacity, link.Tail.MaxInFlight);
        Probe.Reset();
        Turn.Reset();
        (Link, GoAway) = (link, null);
        Monitor.PulseAll(Gate);
    }

    /// <summary>The tail asks to leave: nothing more is sent, and the receiving thread ends the connection after the last answer.</summary>
    public void Leave(string text)
    {
        GoAway = text;
        Turn.KeepForReceiver();
        Monitor.PulseAll(Gate);
    }

    /// <summary>Whether the tail has asked to leave and has answered everything; the connection then ends.</summary>
    public bool HasLeft => GoAway is not null && Tasks.OnWire == 0;

    /// <summary>A connection or an attempt ended.</summary>
    /// <returns>Whether for another reason than the last one.</returns>
    public bool GoDown(FallbackReason reason, string fault)
    {
        bool isNew = LastFault != fault;
        (Fault, LastFault, GoAway) = (reason, fault, null);
        Monitor.PulseAll(Gate);
        return isNew;
    }

    /// <summary>Closes; false when it was closed before.</summary>
    public bool TryDispose()
    {
        if (_isDisposed) return false;
        Volatile.Write(ref _isDisposed, true);
        Turn.Close();
        Monitor.PulseAll(Gate);
        return true;
    }

    /// <summary>The clock waits until something changes or the time has passed.</summary>
    /// <param name="nap">Milliseconds, or infinite.</param>
    /// <param name="due">When it looks again, Stopwatch ticks.</param>
    public void WaitOnClock(int nap, long due)
    {
        _clockDue = due;
        Monitor.Wait(Gate, nap);
        _clockDue = 0;
    }

    /// <summary>Has the clock look in time.</summary>
    public void WakeClockBefore(long deadline)
    {
        if (deadline < _clockDue) Monitor.PulseAll(Gate);
    }

    /// <summary>Waits for a while, or until the client is closed. Outside the gate.</summary>
    public void Pause(double milliseconds)
    {
        long end = Environment.TickCount64 + (long)milliseconds;
        lock (Gate)
        {
            while (!_isDisposed && end - Environment.TickCount64 is > 0 and long left) Monitor.Wait(Gate, (int)left);
        }
    }

    /// <summary>Sends a frame; a broken connection is ended. Outside the gate.</summary>
    public void Send(TailLink link, ReadOnlySpan<byte> frame)
    {
        try
        {
            link.Send(frame);
            Interlocked.Add(ref _bytesSent, frame.Length);
            if (!link.HasSpill) return;
            // The clock sends the rest.
            lock (Gate) Monitor.PulseAll(Gate);
        }
        catch (IOException)
        {
            // The receiving thread sees the same break and ends every request on this connection, this one included.
            link.Abort();
        }
    }
}
