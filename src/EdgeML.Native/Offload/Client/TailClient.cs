using System.Diagnostics;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Payloads;
using EdgeML.Native.Offload.Transport;
using EdgeML.Native.Offload.Wire;
using EdgeML.Native.Telemetry;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace EdgeML.Native.Offload.Client;

/// <summary>The edge's side of the link to a tail: connects in the background, sends cut tensors from where they lie, measures the link,
/// and turns every fault into "finish locally".</summary>
/// <remarks>All methods may be called from any thread. Requests allocate nothing once the client is warm. Two threads belong to it: one
/// connects and receives, unless a blocked caller reads its answer itself; one keeps deadlines, pings and probes.</remarks>
public sealed partial class TailClient : IDisposable
{
    readonly TailClientOptions _options;
    readonly ModelManifest _manifest;
    readonly BottleneckSet _bottlenecks;
    readonly ILogger _logger;
    readonly LinkMeter _meter = new();
    readonly object _gate = new();
    readonly TailSlot[] _slots;
    readonly Stack<TailSlot> _free;
    readonly Thread _receiver;
    readonly Thread _clock;
    TailLink? _link;
    TailExpectation? _expectation;
    DeviceProfile? _tailProfile;
    ulong _sequence;
    volatile bool _readsBottlenecks;
    int _maxInFlight;
    int _onWire;
    int _stale;
    long _bytesSent;
    FallbackReason _fault;
    string? _lastFault;
    readonly CancellationTokenSource _stop = new();
    bool _disposed;

    /// <summary>Starts to connect; returns at once.</summary>
    /// <param name="options">Where the tail is.</param>
    /// <param name="manifest">The model the edge holds.</param>
    /// <param name="bottlenecks">Of its package; null for none.</param>
    public TailClient(TailClientOptions options, ModelManifest manifest, BottleneckSet? bottlenecks = null)
        : this(options, manifest, null, bottlenecks)
    {
    }

    /// <summary>The same over any transport.</summary>
    internal TailClient(TailClientOptions options, ModelManifest manifest, Func<ITransport>? connect, BottleneckSet? bottlenecks = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(manifest);
        if (connect is null) options.Check();
        else options.Limits.Check();
        (_options, _manifest, _logger) = (options, manifest, options.Logger ?? NullLogger.Instance);
        _bottlenecks = bottlenecks ?? BottleneckSet.None;
        _connect = connect ?? (() => TailLink.Connect(options.Host, options.Port, options.Limits.HandshakeDeadline, _stop.Token));
        _logits = new float[manifest.Classes];
        _slots = new TailSlot[options.Limits.MaxInFlight];
        for (int i = 0; i < _slots.Length; i++) _slots[i] = new TailSlot(this, i, manifest.Classes, options.CompleteInline);
        _free = new Stack<TailSlot>(_slots);
        _receiver = new Thread(Connect) { IsBackground = true, Name = "edgeml link receive" };
        _clock = new Thread(KeepTime) { IsBackground = true, Name = "edgeml link clock" };
        _receiver.Start();
        _clock.Start();
    }

    /// <summary>Whether a request would be sent now: connected, and nothing on the way that is overdue.</summary>
    public bool IsUp
    {
        get
        {
            lock (_gate) return IsUpInside;
        }
    }

    /// <summary>What the client knows of link and tail.</summary>
    public LinkSnapshot Snapshot() => _meter.Snapshot(IsUp);

    /// <summary>The tail's unit and head times as it said at the last handshake; null before the first.</summary>
    public DeviceProfile? TailProfile => Volatile.Read(ref _tailProfile);

    /// <summary>Whether the tail of the last handshake holds the same bottlenecks; false before the first.</summary>
    public bool ReadsBottlenecks => _readsBottlenecks;

    /// <summary>Whether the tail of the last handshake holds others, or none; false before the first.</summary>
    public bool LacksBottlenecks => !_readsBottlenecks && Volatile.Read(ref _tailProfile) is not null;

    /// <summary>Bytes sent so far: requests, pings and probes, headers included.</summary>
    public long BytesSent => Interlocked.Read(ref _bytesSent);

    /// <summary>Why the last connection or attempt ended, one line; null before the first end.</summary>
    public string? LastFault
    {
        get
        {
            lock (_gate) return _lastFault;
        }
    }

    /// <summary>Where the connection stands, and why the last one or the last attempt ended.</summary>
    public TailStatus Status
    {
        get
        {
            lock (_gate)
            {
                TailState state = IsUpInside ? TailState.Up
                    : _link is not null ? TailState.Stalled : _fault == FallbackReason.None ? TailState.Connecting : TailState.Down;
                return new TailStatus(state, _fault, _lastFault);
            }
        }
    }

    /// <summary>Why nothing would be sent now; <see cref="FallbackReason.None"/> while <see cref="IsUp"/>.</summary>
    internal FallbackReason DownReason
    {
        get
        {
            lock (_gate) return IsUpInside ? FallbackReason.None : ReasonForDown();
        }
    }

    /// <summary>Waits until <see cref="IsUp"/>, or until the first attempt to connect has failed.</summary>
    /// <returns>Whether it is up.</returns>
    internal bool WaitUntilTried(TimeSpan limit)
    {
        long end = Environment.TickCount64 + (long)limit.TotalMilliseconds;
        lock (_gate)
        {
            while (!IsUpInside && !_disposed && _fault == FallbackReason.None && end - Environment.TickCount64 is > 0 and long left)
                Monitor.Wait(_gate, (int)left);
            return IsUpInside;
        }
    }

    /// <summary>Exceptions on the client's threads that are no fault of a link; each ended a connection.</summary>
    internal BackgroundFaults Faults { get; } = new();

    /// <summary>Called on a caller's thread that has found no answer yet and is about to wait for it; for tests.</summary>
    internal Action? Blocking { get; set; }

    /// <summary>Waits until <see cref="IsUp"/>.</summary>
    /// <returns>False when the time passed.</returns>
    public bool WaitUntilUp(TimeSpan limit)
    {
        long end = Environment.TickCount64 + (long)limit.TotalMilliseconds;
        lock (_gate)
        {
            while (!IsUpInside && !_disposed)
            {
                long left = end - Environment.TickCount64;
                if (left <= 0) return false;
                Monitor.Wait(_gate, (int)left);
            }
            return !_disposed;
        }
    }

    /// <summary>Sends a task and blocks until its answer, its deadline, or the end of the connection.</summary>
    /// <param name="request">The task.</param>
    /// <param name="logits">Receives the logits of the exit that answered; one per class.</param>
    /// <returns>How it ended; faults of link and tail are outcomes, not exceptions.</returns>
    /// <exception cref="ArgumentException">A request the model does not allow.</exception>
    public TailReply SendAndWait(in TailRequest request, Span<float> logits)
    {
        TailSlot? slot = Post(request, default, isAsync: false, readsItself: true, out TailReply reply);
        if (slot is null) return reply;
        if (!ReadUntilTold(slot) && !slot.Signal.Wait(MillisecondsUntil(slot.DeadlineAt)) && !TryAbandon(slot)) slot.Signal.Wait();
        return Take(slot, logits);
    }

    TailReply Take(TailSlot slot, Span<float> logits)
    {
        TailReply reply = slot.Reply;
        if (reply.Outcome == TailOutcome.Answered) slot.Logits.CopyTo(logits);
        Release(slot);
        return reply;
    }

    /// <summary>Sends a task for a caller that computes meanwhile and then blocks; <see cref="Wait"/> must follow.</summary>
    /// <param name="request">The task. Its payload memory is free again when this method returns.</param>
    internal PendingReply Send(in TailRequest request)
    {
        TailSlot? slot = Post(request, default, isAsync: false, readsItself: false, out TailReply reply);
        return new PendingReply(slot, reply);
    }

    /// <summary>Blocks until the answer of a task that was sent, its deadline, or the end of the connection.</summary>
    /// <remarks>A wait of whole milliseconds would overshoot the deadline by up to one, so the last one is spent looking.</remarks>
    internal TailReply Wait(in PendingReply pending, Span<float> logits)
    {
        if (pending.Slot is not { } slot) return pending.Failure;
        if (!slot.Signal.IsSet) Blocking?.Invoke();
        int whole = MillisecondsUntil(slot.DeadlineAt) - 1;
        if (!slot.Signal.IsSet && (whole <= 0 || !slot.Signal.Wait(whole)))
        {
            while (!slot.Signal.IsSet && Stopwatch.GetTimestamp() < slot.DeadlineAt) Thread.SpinWait(LookEvery);
            if (!slot.Signal.IsSet && !TryAbandon(slot)) slot.Signal.Wait();
        }
        return Take(slot, logits);
    }

    const int LookEvery = 20;

    /// <summary>Sends a task and returns while it is on its way; answers come in any order.</summary>
    /// <param name="request">The task. Its payload memory is free again when this method returns.</param>
    /// <param name="logits">Receives the logits when the result is taken.</param>
    /// <param name="cancellation">Ends the wait with <see cref="TailOutcome.Cancelled"/>; a request that was sent is not called
    /// back.</param>
    /// <returns>To be awaited exactly once. It ends by the deadline at the latest, and never faults for link or tail.</returns>
    /// <exception cref="ArgumentException">A request the model does not allow.</exception>
    public ValueTask<TailReply> SendAsync(in TailRequest request, Memory<float> logits, CancellationToken cancellation = default)
    {
        TailSlot? slot = Post(request, logits, isAsync: true, readsItself: false, out TailReply reply);
        if (slot is null) return new ValueTask<TailReply>(reply);
        short version = slot.Version;
        slot.CancelBy(cancellation);
        return new ValueTask<TailReply>(slot, version);
    }

    /// <summary>Closes the connection; requests on the way end as lost.</summary>
    public void Dispose()
    {
        TailLink? link;
        lock (_gate)
        {
            if (_disposed) return;
            _disposed = true;
            link = _link;
            Monitor.PulseAll(_gate);
        }
        _stop.Cancel();
        link?.Abort();
        Volatile.Read(ref _connecting)?.Abort();
        // Disposed by a caller that goes on inline, this runs on one of the two threads itself.
        if (Thread.CurrentThread != _receiver) _receiver.Join();
        if (Thread.CurrentThread != _clock) _clock.Join();
        _stop.Dispose();
    }

    bool IsUpInside => _link is not null && _stale == 0 && !_probeOverdue && !_disposed;

    TailSlot? Post(in TailRequest request, Memory<float> logits, bool isAsync, bool readsItself, out TailReply failure)
    {
        int expected = PayloadSize.Of(_manifest, _bottlenecks, request.Policy, request.Encoding);
        if (expected < 0 || expected != request.PayloadBytes)
            throw new ArgumentException(
                $"cut {request.Policy.Cut} in {request.Encoding} takes {expected} bytes, the request has {request.PayloadBytes}",
                nameof(request));
        failure = new TailReply { Outcome = TailOutcome.NotSent, RateBitsPerSecond = double.NaN };
        TailSlot? slot;
        TailLink link;
        lock (_gate)
        {
            failure.Reason = ReasonNotToSend(request);
            if (failure.Reason != FallbackReason.None) return null;
            if (!_free.TryPop(out slot))
            {
                failure.Reason = FallbackReason.Busy;
                return null;
            }
            link = _link!;
            slot.Link = link;
            slot.TaskId = (++_sequence << 8) | (uint)slot.Index;
            slot.Policy = request.Policy;
            slot.Reply = failure;
            slot.IsStale = false;
            slot.Destination = logits;
            (slot.CallerWaits, slot.CallerHolds) = (true, true);
            if (!readsItself) WakeReceiver();
            slot.Expect(isAsync, callerReads: _turn == ReadingTurn.Caller);
            slot.SentAt = Stopwatch.GetTimestamp();
            slot.DeadlineAt = slot.SentAt + (long)(Math.Min(request.DeadlineMs, 1e9) * Stopwatch.Frequency / 1000);
            _onWire++;
            _lastActivity = slot.SentAt;
            if (isAsync) WakeClockBefore(slot.DeadlineAt);
        }
        SendFrame(request, slot, link);
        return slot;
    }

    FallbackReason ReasonNotToSend(in TailRequest request)
    {
        if (!IsUpInside) return ReasonForDown();
        if (!(request.DeadlineMs > 0)) return FallbackReason.Late;
        if (_onWire >= _maxInFlight) return FallbackReason.Busy;
        HelloAckHeader tail = _link!.Tail;
        bool accepted = request.PayloadBytes <= tail.MaxPayloadBytes && (tail.Encodings >> (int)request.Encoding & 1) != 0;
        return accepted ? FallbackReason.None : FallbackReason.NotAccepted;
    }

    FallbackReason ReasonForDown() =>
        _link is not null ? FallbackReason.Stalled : _fault == FallbackReason.None ? FallbackReason.Connecting : _fault;

    void SendFrame(in TailRequest request, TailSlot slot, TailLink link)
    {
        Span<byte> header = stackalloc byte[RequestHeader.MaxBytes];
        int headerBytes = new RequestHeader
        {
            TaskId = slot.TaskId,
            Encoding = request.Encoding,
            DeadlineMs = (float)request.DeadlineMs,
            Policy = request.Policy,
        }.Write(header);
        int front = FramePrelude.Bytes + headerBytes;
        Span<byte> frame;
        unsafe
        {
            // The caller promises the headroom; the address in front of the payload is its memory.
            frame = new Span<byte>((byte*)request.Payload - front, front + request.PayloadBytes);
        }
        header[..headerBytes].CopyTo(frame[FramePrelude.Bytes..]);
        slot.FrameBytes = frame.Length;
        TrySend(link, TailLink.Framed(frame, FrameKind.Request, headerBytes, request.PayloadBytes));
    }

    void TrySend(TailLink link, ReadOnlySpan<byte> frame)
    {
        try
        {
            link.Send(frame);
            Interlocked.Add(ref _bytesSent, frame.Length);
            if (link.HasSpill) WakeClock();
        }
        catch (IOException)
        {
            // The receiving thread sees the same break and ends every request on this connection, this one included.
            link.Abort();
        }
    }

    /// <summary>Gives up waiting; false when the answer came in the same moment and the caller is about to be told.</summary>
    bool TryAbandon(TailSlot slot)
    {
        lock (_gate)
        {
            if (!slot.CallerWaits) return false;
            EndForCaller(slot, TailOutcome.Late, FallbackReason.Late);
            MakeStale(slot);
            return true;
        }
    }

    /// <summary>The caller's token was signalled: it is told at once, and the answer is dropped when it comes.</summary>
    internal void Cancel(TailSlot slot)
    {
        lock (_gate)
        {
            if (!slot.CallerWaits) return;
            EndForCaller(slot, TailOutcome.Cancelled, FallbackReason.None);
        }
        slot.Tell();
    }

    /// <summary>Its answer is overdue, and until that comes nothing else is sent.</summary>
    void MakeStale(TailSlot slot)
    {
        slot.IsStale = true;
        _stale++;
    }

    static void EndForCaller(TailSlot slot, TailOutcome outcome, FallbackReason reason)
    {
        slot.CallerWaits = false;
        slot.Reply.Outcome = outcome;
        slot.Reply.Reason = reason;
        slot.Reply.BytesSent = slot.FrameBytes;
        slot.Reply.TotalMs = Milliseconds(Stopwatch.GetTimestamp() - slot.SentAt);
    }

    /// <summary>The caller has taken the result.</summary>
    internal void Release(TailSlot slot)
    {
        slot.Signal.Reset();
        lock (_gate)
        {
            slot.CallerHolds = false;
            if (slot.TaskId == 0) _free.Push(slot);
        }
    }

    /// <summary>Nothing more can come for the slot from the wire.</summary>
    void EndOnWire(TailSlot slot)
    {
        if (slot.IsStale)
        {
            slot.IsStale = false;
            _stale--;
            Monitor.PulseAll(_gate);
        }
        slot.TaskId = 0;
        slot.Link = null;
        _onWire--;
        if (!slot.CallerHolds) _free.Push(slot);
    }

    static double Milliseconds(long ticks) => ticks * 1000.0 / Stopwatch.Frequency;

    static int MillisecondsUntil(long deadline) =>
        (int)Math.Clamp(Math.Ceiling(Milliseconds(deadline - Stopwatch.GetTimestamp())), 0, int.MaxValue - 1);
}
