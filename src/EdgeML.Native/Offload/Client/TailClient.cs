using System.Diagnostics;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Payloads;
using EdgeML.Native.Offload.Transport;
using EdgeML.Native.Offload.Wire;
using EdgeML.Native.Policies;
using EdgeML.Native.Telemetry;

namespace EdgeML.Native.Offload.Client;

/// <summary>The edge's side of the link to a tail: connects in the background, sends cut tensors from where they lie, measures the link,
/// and turns every fault into "finish locally".</summary>
/// <remarks>All methods may be called from any thread. Requests allocate nothing once the client is warm. Two threads belong to it: one
/// connects and receives, unless a blocked caller reads its answer itself; one keeps deadlines, pings and probes.</remarks>
sealed class TailClient : ITail
{
    const int LookEvery = 20;

    readonly TailClientOptions _options;
    readonly ModelManifest _manifest;
    readonly BottleneckSet _bottlenecks;
    readonly LinkState _state;
    readonly LinkReceiver _receiver;
    readonly LinkClock _clock;

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
        if ((long)manifest.AnswerElements * sizeof(float) > options.Limits.MaxPayloadBytes)
            throw new ArgumentException(
                $"an answer of model {manifest.Name} takes {(long)manifest.AnswerElements * sizeof(float)} bytes, "
                + $"Limits.MaxPayloadBytes is {options.Limits.MaxPayloadBytes}");
        (_options, _manifest, _bottlenecks) = (options, manifest, bottlenecks ?? BottleneckSet.None);
        _state = new LinkState(options, manifest.AnswerElements);
        LinkCredentials? credentials = options.Tls is { } tls
            ? new LinkCredentials(tls, options.Host, fault => _receiver!.KeepsCertificates(fault)) : null;
        _receiver = new LinkReceiver(
            _state, options, manifest, _bottlenecks.Digest,
            stop => connect?.Invoke() ?? TailLink.Connect(options, credentials, stop));
        _clock = new LinkClock(_state, options.StallLimit);
        _receiver.Start();
        _clock.Start();
    }

    /// <summary>Whether a request would be sent now: connected, and nothing on the way that is overdue.</summary>
    public bool IsUp
    {
        get
        {
            lock (_state.Gate) return _state.IsUp;
        }
    }

    /// <summary>The client's view of link and tail.</summary>
    public LinkSnapshot Snapshot() => _state.Meter.Snapshot(IsUp);

    /// <inheritdoc/>
    public LinkSnapshot Snapshot(out DeviceProfile? profile, out bool readsBottlenecks)
    {
        (profile, readsBottlenecks) = (TailProfile, ReadsBottlenecks);
        return Snapshot();
    }

    /// <summary>The tail's unit and head times of the last handshake; null before the first.</summary>
    public DeviceProfile? TailProfile => _receiver.TailProfile;

    /// <summary>Whether the tail of the last handshake holds the same bottlenecks; false before the first.</summary>
    public bool ReadsBottlenecks => _receiver.ReadsBottlenecks;

    /// <summary>Whether the tail of the last handshake holds others, or none; false before the first.</summary>
    public bool LacksBottlenecks => !ReadsBottlenecks && TailProfile is not null;

    /// <summary>Bytes sent so far: requests, pings and probes, headers included.</summary>
    public long BytesSent => _state.BytesSent;

    /// <summary>Answers so far that contradict themselves or their request, and were not used.</summary>
    public long Contradictions
    {
        get
        {
            lock (_state.Gate) return _state.Contradictions;
        }
    }

    /// <summary>Why the last connection or attempt ended, one line; null before the first end.</summary>
    public string? LastFault
    {
        get
        {
            lock (_state.Gate) return _state.LastFault;
        }
    }

    /// <summary>Where the connection stands, and why the last one or the last attempt ended.</summary>
    public TailStatus Status
    {
        get
        {
            lock (_state.Gate)
            {
                TailState state = _state.IsUp ? TailState.Up
                    : _state.GoAway is not null ? TailState.Leaving
                    : _state.Link is not null ? TailState.Stalled
                    : _state.Fault == FallbackReason.None ? TailState.Connecting : TailState.Down;
                return new TailStatus(state, _state.Fault, _state.LastFault);
            }
        }
    }

    /// <summary>Why nothing would be sent now; <see cref="FallbackReason.None"/> while <see cref="IsUp"/>.</summary>
    public FallbackReason DownReason
    {
        get
        {
            lock (_state.Gate) return _state.DownReason;
        }
    }

    /// <summary>A task begins, wherever it will be answered: the link is measured as long as tasks come.</summary>
    public void NoteUse()
    {
        if (!_state.Probe.NoteUse()) return;
        lock (_state.Gate) Monitor.PulseAll(_state.Gate);
    }

    /// <summary>Waits until <see cref="IsUp"/>, or until the first attempt to connect has failed.</summary>
    /// <returns>Whether it is up.</returns>
    public bool WaitUntilTried(TimeSpan limit)
    {
        long end = Environment.TickCount64 + (long)limit.TotalMilliseconds;
        lock (_state.Gate)
        {
            while (!_state.IsUp && !_state.IsDisposed && _state.Fault == FallbackReason.None
                && end - Environment.TickCount64 is > 0 and long left)
                Monitor.Wait(_state.Gate, (int)left);
            return _state.IsUp;
        }
    }

    /// <summary>Exceptions on the client's threads that are no fault of a link; each ended a connection.</summary>
    internal BackgroundFaults Faults => _state.Faults;

    /// <inheritdoc/>
    public IEnumerable<string> FaultTexts => Faults.Texts;

    /// <summary>Host and port.</summary>
    public string Address => _options.Address;

    /// <summary>How its tasks fared so far.</summary>
    public TailReport Report
    {
        get
        {
            (long sent, long answered, long dropped) counts;
            lock (_state.Gate) counts = _state.Counts;
            return new TailReport
            {
                Address = Address,
                Weight = 1,
                Status = Status,
                Link = Snapshot(),
                Sent = counts.sent,
                Answered = counts.answered,
                Dropped = counts.dropped,
                BytesSent = BytesSent,
                IsNext = true,
            };
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<TailReport> Reports() => [Report];

    /// <summary>Called on a caller's thread that has found no answer yet and is about to wait for it; for tests.</summary>
    internal Action? Blocking { get; set; }

    /// <summary>Waits until <see cref="IsUp"/>.</summary>
    /// <returns>False when the time passed.</returns>
    public bool WaitUntilUp(TimeSpan limit)
    {
        long end = Environment.TickCount64 + (long)limit.TotalMilliseconds;
        lock (_state.Gate)
        {
            while (!_state.IsUp && !_state.IsDisposed)
            {
                long left = end - Environment.TickCount64;
                if (left <= 0) return false;
                Monitor.Wait(_state.Gate, (int)left);
            }
            return !_state.IsDisposed;
        }
    }

    /// <summary>Sends a task and blocks until its answer, its deadline, or the end of the connection.</summary>
    /// <param name="request">The task.</param>
    /// <param name="logits">Receives the logits of the exit that answered; one per class.</param>
    /// <returns>How it ended; faults of link and tail are outcomes, not exceptions.</returns>
    /// <exception cref="ArgumentException">A request the model does not allow.</exception>
    public TailReply SendAndWait(in TailRequest request, Span<float> logits)
    {
        RequestSlot? slot = Post(request, default, isAsync: false, readsItself: true, out TailReply reply);
        if (slot is null) return reply;
        if (!_receiver.ReadUntilTold(slot, slot.DeadlineAt) && !slot.Signal.Wait(Ticks.MillisecondsUntil(slot.DeadlineAt)) && !_state.Tasks.TryAbandon(slot))
            slot.Signal.Wait();
        return Take(slot, logits);
    }

    TailReply Take(RequestSlot slot, Span<float> logits)
    {
        TailReply reply = slot.Reply;
        if (reply.Outcome == TailOutcome.Answered) slot.Logits.CopyTo(logits);
        _state.Tasks.Release(slot);
        return reply;
    }

    /// <summary>Sends a task for a caller that computes meanwhile and then blocks; <see cref="Wait"/> must follow.</summary>
    /// <param name="request">The task. Its payload memory is free again when this method returns.</param>
    public PendingReply Send(in TailRequest request)
    {
        RequestSlot? slot = Post(request, default, isAsync: false, readsItself: false, out TailReply reply);
        return new PendingReply(slot, reply);
    }

    /// <summary>Blocks until the answer of a task that was sent, its deadline, or the end of the connection.</summary>
    /// <remarks>A wait of whole milliseconds would overshoot the deadline by up to one, so the last one is spent looking.</remarks>
    public TailReply Wait(in PendingReply pending, Span<float> logits)
    {
        if (pending.Slot is not { } slot) return pending.Failure;
        if (!slot.Signal.IsSet) Blocking?.Invoke();
        int whole = Ticks.MillisecondsUntil(slot.DeadlineAt) - 1;
        if (!slot.Signal.IsSet && (whole <= 0 || !slot.Signal.Wait(whole)))
        {
            while (!slot.Signal.IsSet && Stopwatch.GetTimestamp() < slot.DeadlineAt) Thread.SpinWait(LookEvery);
            if (!slot.Signal.IsSet && !_state.Tasks.TryAbandon(slot)) slot.Signal.Wait();
        }
        return Take(slot, logits);
    }

    /// <summary>Sends a task and returns while it is on its way; answers come in any order.</summary>
    /// <param name="request">The task. Its payload memory is free again when this method returns.</param>
    /// <param name="logits">Receives the logits when the result is taken.</param>
    /// <param name="cancellation">Ends the wait with <see cref="TailOutcome.Cancelled"/>; a request that was sent is not called
    /// back.</param>
    /// <returns>To be awaited exactly once. It ends by the deadline at the latest, and never faults for link or tail.</returns>
    /// <exception cref="ArgumentException">A request the model does not allow.</exception>
    public ValueTask<TailReply> SendAsync(in TailRequest request, Memory<float> logits, CancellationToken cancellation = default)
    {
        RequestSlot? slot = Post(request, logits, isAsync: true, readsItself: false, out TailReply reply);
        if (slot is null) return new ValueTask<TailReply>(reply);
        short version = slot.Version;
        slot.CancelBy(cancellation);
        return new ValueTask<TailReply>(slot, version);
    }

    /// <summary>Sends one of the requests of a task. Unless it returns null, <see cref="TryTake"/> or <see cref="Leave"/> must follow.</summary>
    /// <param name="request">Its payload memory is free again when this method returns.</param>
    /// <param name="listener">Told when the request ends.</param>
    /// <param name="alarmAt">When an awaiting listener is told in any case, Stopwatch ticks; the largest number for never.</param>
    /// <param name="isAsync">Whether the listener awaits, so that the clock keeps deadline and alarm; else the caller does.</param>
    /// <param name="readsItself">Whether <see cref="Read"/> follows.</param>
    /// <param name="failure">The reason where it was not sent.</param>
    internal RequestSlot? Begin(
        in TailRequest request, IRequestListener listener, long alarmAt, bool isAsync, bool readsItself, out TailReply failure) =>
        Post(request, default, isAsync, readsItself, out failure, listener, alarmAt);

    /// <summary>Reads from the link for a blocked caller, if no other thread does, until its request has ended or the time has come.</summary>
    internal void Read(RequestSlot slot, long until) => _receiver.ReadUntilTold(slot, until);

    /// <summary>Takes the result of a request that has ended.</summary>
    /// <returns>False where it has not.</returns>
    internal bool TryTake(RequestSlot slot, Span<float> logits, out TailReply reply)
    {
        reply = default;
        if (!_state.Tasks.HasEnded(slot)) return false;
        reply = slot.Reply;
        if (reply.Outcome == TailOutcome.Answered) slot.Logits.CopyTo(logits);
        _state.Tasks.Leave(slot, overdue: false);
        return true;
    }

    /// <summary>Gives a request up, whose answer is dropped when it comes.</summary>
    /// <param name="slot">Of the request.</param>
    /// <param name="overdue">Whether nothing more is sent until it comes.</param>
    internal void Leave(RequestSlot slot, bool overdue)
    {
        if (!_state.Tasks.Leave(slot, overdue)) return;
        // It came in the same moment as another one, which was used.
        lock (_state.Gate)
        {
            (long sent, long answered, long dropped) = _state.Counts;
            _state.Counts = (sent, answered - 1, dropped + 1);
        }
    }

    /// <summary>The expected time of a request without an early exit, milliseconds; NaN before link and tail are measured.</summary>
    internal double ExpectedMs(in ExitPolicy policy, int bytes) => _state.Meter.ExpectedMs(bytes, _receiver.ExpectedMs(policy));

    /// <summary>Closes the connection; requests on the way end as lost.</summary>
    public void Dispose()
    {
        TailLink? link;
        lock (_state.Gate)
        {
            if (!_state.TryDispose()) return;
            link = _state.Link;
        }
        link?.Abort();
        _receiver.Stop();
        // Disposed by a caller that continues inline, this runs on one of the two threads itself.
        _receiver.Dispose();
        _clock.Join();
    }

    RequestSlot? Post(
        in TailRequest request, Memory<float> logits, bool isAsync, bool readsItself, out TailReply failure,
        IRequestListener? listener = null, long alarmAt = long.MaxValue)
    {
        int expected = PayloadSize.Of(_manifest, _bottlenecks, request.Policy, request.Encoding);
        if (expected < 0 || expected != request.PayloadBytes)
            throw new ArgumentException(
                $"cut {request.Policy.Cut} in {request.Encoding} takes {expected} bytes, the request has {request.PayloadBytes}",
                nameof(request));
        failure = new TailReply { Outcome = TailOutcome.NotSent, RateBitsPerSecond = double.NaN };
        RequestSlot? slot;
        TailLink link;
        lock (_state.Gate)
        {
            failure.Reason = ReasonNotToSend(request);
            if (failure.Reason != FallbackReason.None) return null;
            link = _state.Link!;
            slot = _state.Tasks.Begin(link, _state.NextSequence(), request, logits, failure);
            if (slot is null)
            {
                failure.Reason = FallbackReason.Busy;
                return null;
            }
            (slot.Listener, slot.AlarmAt) = (listener, alarmAt);
            _state.Counts = _state.Counts with { Sent = _state.Counts.Sent + 1 };
            if (!readsItself) _state.Turn.WakeReceiver();
            slot.Expect(isAsync, callerReads: _state.Turn.IsCallers);
            _state.Probe.NoteActivity(slot.SentAt);
            _state.Probe.NoteUse();
            if (isAsync) _state.WakeClockBefore(Math.Min(slot.DeadlineAt, alarmAt));
        }
        SendFrame(request, slot, link);
        return slot;
    }

    FallbackReason ReasonNotToSend(in TailRequest request)
    {
        if (!_state.IsUp) return _state.DownReason;
        if (!(request.DeadlineMs > 0)) return FallbackReason.Late;
        if (_state.Tasks.OnWire >= _state.MaxInFlight) return FallbackReason.Busy;
        HelloAckHeader tail = _state.Link!.Tail;
        bool accepted = request.PayloadBytes <= tail.MaxPayloadBytes && (tail.Encodings >> (int)request.Encoding & 1) != 0;
        return accepted ? FallbackReason.None : FallbackReason.NotAccepted;
    }

    void SendFrame(in TailRequest request, RequestSlot slot, TailLink link)
    {
        Span<byte> header = stackalloc byte[RequestHeader.MaxBytes];
        int headerBytes = new RequestHeader
        {
            TaskId = slot.TaskId,
            Encoding = request.Encoding,
            DeadlineMs = (float)request.DeadlineMs,
            Policy = request.Policy,
            Streak = request.Streak,
        }.Write(header);
        int front = FramePrelude.Bytes + headerBytes;
        Span<byte> frame;
        unsafe
        {
            // The caller guarantees the headroom; the memory directly before the payload is its own.
            frame = new Span<byte>((byte*)request.Payload - front, front + request.PayloadBytes);
        }
        header[..headerBytes].CopyTo(frame[FramePrelude.Bytes..]);
        slot.FrameBytes = frame.Length;
        _state.Send(link, TailLink.Framed(frame, FrameKind.Request, headerBytes, request.PayloadBytes));
    }
}
