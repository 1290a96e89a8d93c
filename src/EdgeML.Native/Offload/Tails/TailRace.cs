using System.Diagnostics;
using System.Threading.Tasks.Sources;
using EdgeML.Native.Offload.Client;
using EdgeML.Native.Telemetry;

namespace EdgeML.Native.Offload.Tails;

/// <summary>One task on its way to the tails of a set: usually one request, a second one where the first is lost or takes too long. Reused.
/// Its caller's thread steps; others only tell that there may be something to see.</summary>
sealed class TailRace(TailSet set, int classes) : IPendingTask, IRequestListener, IValueTaskSource
{
    const int LookEvery = 20;

    readonly List<TailMember> _tried = new(TailSetOptions.MostTails);
    readonly List<Attempt> _live = new(2);
    readonly float[] _logits = new float[classes];
    readonly Lock _gate = new();
    ManualResetValueTaskSourceCore<bool> _wake = new() { RunContinuationsAsynchronously = true };
    TailRequest _request;
    TailReply _reply;
    TailPace _pace;
    long _deadlineAt;
    long _bytes;
    bool _isAsync;
    bool _reads;
    bool _ended;
    bool _overtakes;
    bool _isAwaited;
    bool _isTold;
    volatile bool _isCancelled;

    readonly record struct Attempt(TailMember Member, RequestSlot Slot, double ExpectedMs)
    {
        public double ElapsedMs => Ticks.Milliseconds(Stopwatch.GetTimestamp() - Slot.SentAt);
    }

    ManualResetEventSlim Signal { get; } = new(false, spinCount: 0);

    /// <summary>Whether it has ended; looks, and sends again where that is due.</summary>
    public bool IsEnded => Step();

    /// <summary>Whether no tail was chosen yet.</summary>
    public bool IsNew => _tried.Count == 0;

    /// <summary>Whether it was chosen for this task.</summary>
    public bool WasAt(TailMember member) => _tried.Contains(member);

    /// <summary>Sends a task.</summary>
    /// <param name="request">Its payload must not change before the race has ended.</param>
    /// <param name="isAsync">Whether the caller awaits.</param>
    /// <param name="reads">Whether the caller only waits, so that it may read its answer itself.</param>
    public void Start(in TailRequest request, bool isAsync, bool reads)
    {
        (_request, _isAsync, _reads) = (request, isAsync, reads);
        (_bytes, _ended, _overtakes, _isTold, _isCancelled) = (0, false, false, false, false);
        _tried.Clear();
        long now = Stopwatch.GetTimestamp();
        _deadlineAt = now + (long)(Math.Min(request.DeadlineMs, 1e9) * Stopwatch.Frequency / 1000);
        _pace = TailPace.None;
        _reply = new TailReply { Outcome = TailOutcome.NotSent, Reason = FallbackReason.Late, RateBitsPerSecond = double.NaN };
        _ended = !(request.DeadlineMs > 0) || !TrySend(SendCause.First);
        if (_ended && request.DeadlineMs > 0 && _tried.Count == 0) _reply.Reason = set.DownReason;
    }

    /// <summary>Blocks until the race has ended.</summary>
    public void Run()
    {
        while (true)
        {
            Signal.Reset();
            if (Step()) return;
            long until = Math.Min(_deadlineAt, _pace.NextAt);
            if (_reads && _live.Count == 1)
            {
                // Once: where another thread reads, or the caller has been told of something else, it waits like any other.
                _reads = false;
                _live[0].Member.Client.Read(_live[0].Slot, until);
                continue;
            }
            Wait(until);
        }
    }

    // A wait of whole milliseconds would overshoot by up to one, so the last one is spent looking.
    void Wait(long until)
    {
        int whole = Ticks.MillisecondsUntil(until) - 1;
        if (whole > 0 && Signal.Wait(whole)) return;
        while (!Signal.IsSet && Stopwatch.GetTimestamp() < until) Thread.SpinWait(LookEvery);
    }

    /// <summary>Waits until there may be something to see.</summary>
    public ValueTask WaitAsync()
    {
        lock (_gate)
        {
            if (_isTold)
            {
                _isTold = false;
                return default;
            }
            _wake.Reset();
            _isAwaited = true;
            return new ValueTask(this, _wake.Version);
        }
    }

    public void Told()
    {
        bool wakes;
        lock (_gate)
        {
            wakes = _isAwaited;
            _isTold = !wakes;
            _isAwaited = false;
        }
        if (wakes) _wake.SetResult(true);
        else Signal.Set();
    }

    /// <summary>The caller's token was signalled.</summary>
    public void Cancel()
    {
        _isCancelled = true;
        Told();
    }

    /// <summary>Looks at the requests, and sends another where it is due.</summary>
    /// <returns>Whether the race has ended.</returns>
    public bool Step()
    {
        if (_ended) return true;
        for (int i = _live.Count - 1; i >= 0 && !_ended; i--) Look(i);
        if (_ended) return true;
        long now = Stopwatch.GetTimestamp();
        if (_isCancelled) GiveUp(TailOutcome.Cancelled, FallbackReason.None);
        else if (now >= _deadlineAt) GiveUp(TailOutcome.Late, FallbackReason.Late);
        else if (_live.Count == 0) _ended = !TrySend(SendCause.Failure);
        else if (_live.Count == 1 && now >= _pace.NextAt) Overtake(now);
        return _ended;
    }

    /// <summary>The outcome of a race that has ended.</summary>
    /// <param name="logits">Receives those of an answer.</param>
    public TailReply Take(Span<float> logits)
    {
        if (_reply.Outcome == TailOutcome.Answered) _logits.CopyTo(logits);
        _reply.BytesSent = _bytes;
        return _reply;
    }

    /// <summary>Leaves whatever is on the way, for instance after an exception.</summary>
    public void Close()
    {
        LeaveAll(overdue: false);
        ForgetPace();
        _ended = true;
    }

    void Look(int index)
    {
        Attempt attempt = _live[index];
        if (!attempt.Member.Client.TryTake(attempt.Slot, _logits, out TailReply reply)) return;
        _live.RemoveAt(index);
        set.Ended(attempt.Member, reply, attempt.ExpectedMs);
        _reply = reply;
        if (reply.Outcome != TailOutcome.Answered) return;
        // Of two the later one is last. Where that has answered, the other is overdue; else the one left has only just been sent.
        LeaveAll(overdue: _overtakes && index > 0);
        _ended = true;
    }

    void GiveUp(TailOutcome outcome, FallbackReason reason)
    {
        double elapsedMs = _live.Count > 0 ? _live[0].ElapsedMs : _reply.TotalMs;
        LeaveAll(overdue: outcome == TailOutcome.Late);
        (_reply.Outcome, _reply.Reason, _reply.TotalMs, _ended) = (outcome, reason, elapsedMs, true);
    }

    void LeaveAll(bool overdue)
    {
        foreach (Attempt attempt in _live)
        {
            set.Overtaken(attempt.Member, attempt.ElapsedMs, attempt.ExpectedMs, overdue);
            attempt.Member.Client.Leave(attempt.Slot, overdue);
        }
        _live.Clear();
    }

    void Overtake(long now)
    {
        bool isHedge = _pace.HedgeAt <= now;
        bool isSent = TrySend(isHedge ? SendCause.Hedge : SendCause.Overdue);
        if (isSent && isHedge) _pace = TailPace.None;
        else if (isHedge) ForgetPace(_pace.OverdueAt);
        else ForgetPace();
        _overtakes = isSent && !isHedge;
    }

    void ForgetPace(long overdueAt = long.MaxValue)
    {
        if (_pace.HedgeAt != long.MaxValue) set.ReturnHedge();
        _pace = TailPace.None with { OverdueAt = overdueAt };
    }

    bool TrySend(SendCause cause)
    {
        while (set.Next(this, _request, cause, out double expectedMs) is { } member)
        {
            _tried.Add(member);
            long now = Stopwatch.GetTimestamp();
            double leftMs = Ticks.Milliseconds(_deadlineAt - now);
            // No other tail can answer in time: the edge had better begin.
            if (cause != SendCause.First && !(leftMs > 0 && !(expectedMs > leftMs))) continue;
            TailRequest request = _request;
            request.DeadlineMs = leftMs;
            if (cause == SendCause.First)
            {
                ForgetPace();
                _pace = set.Pace(this, member, request, expectedMs, now, _deadlineAt);
            }
            RequestSlot? slot = member.Client.Begin(
                request, this, _pace.NextAt, _isAsync, readsItself: _reads && cause == SendCause.First, out TailReply failure);
            if (slot is null)
            {
                if (_live.Count == 0) _reply = failure;
                continue;
            }
            _reads &= cause == SendCause.First;
            _bytes += slot.FrameBytes;
            set.Sent(member, cause);
            _live.Add(new Attempt(member, slot, expectedMs));
            return true;
        }
        return false;
    }

    void IValueTaskSource.GetResult(short token) => _wake.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _wake.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _wake.OnCompleted(continuation, state, token, flags);
}

/// <summary>Why a request is sent.</summary>
enum SendCause : byte
{
    /// <summary>The task's first.</summary>
    First,

    /// <summary>The one before it failed.</summary>
    Failure,

    /// <summary>The one before it takes unusually long, and another tail would just be in time.</summary>
    Overdue,

    /// <summary>The user allows a second one after a quantile of the answer times.</summary>
    Hedge,
}
