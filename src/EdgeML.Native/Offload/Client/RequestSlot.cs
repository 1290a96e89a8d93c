using System.Threading.Tasks.Sources;
using EdgeML.Native.Policies;

namespace EdgeML.Native.Offload.Client;

/// <summary>One request on its way: its bytes, its waiting caller, and the answer. Reused; all fields but the signals are guarded by the
/// client's gate.</summary>
sealed class RequestSlot : IValueTaskSource<TailReply>, IPendingTask
{
    readonly TailTasks _tasks;
    readonly bool _completeInline;
    readonly int _classes;
    float[]? _logits;
    ManualResetValueTaskSourceCore<TailReply> _completion;
    CancellationTokenRegistration _cancellation;

    public RequestSlot(TailTasks tasks, int index, int classes, bool completeInline)
    {
        (_tasks, Index, _classes, _completeInline) = (tasks, index, classes, completeInline);
    }

    public int Index { get; }

    /// <summary>The answer's logits until the caller has taken them; made when the first answer comes, for they may be large.</summary>
    public float[] Logits => _logits ??= new float[_classes];

    /// <summary>Set when a blocked caller's answer is there.</summary>
    public ManualResetEventSlim Signal { get; } = new(false, spinCount: 0);

    /// <summary>The id on the wire; 0 when nothing is on the wire.</summary>
    public ulong TaskId { get; set; }

    /// <summary>The connection it was sent on.</summary>
    public TailLink? Link { get; set; }

    /// <summary>Whether the caller does not know yet how it ended.</summary>
    public bool CallerWaits { get; set; }

    /// <summary>Whether the caller has not yet taken the result.</summary>
    public bool CallerHolds { get; set; }

    /// <summary>Whether its answer is overdue.</summary>
    public bool IsStale { get; set; }

    /// <summary>Whether the caller awaits instead of blocking.</summary>
    public bool IsAsync { get; private set; }

    /// <summary>Whether the caller blocks and reads from the link meanwhile.</summary>
    public bool Reads { get; set; }

    /// <summary>The listener in place of a caller, where the request is one of several for the same task; null for none. It stays
    /// until the next request, for it may be told a little later than it looks.</summary>
    public IRequestListener? Listener { get; set; }

    /// <summary>When the clock tells an awaiting listener that there is no answer yet, Stopwatch ticks; the largest number for never.</summary>
    public long AlarmAt { get; set; }

    /// <summary>Whether a blocked caller need not wait any more.</summary>
    public bool IsEnded => Signal.IsSet;

    /// <summary>Where an awaiting caller wants the logits.</summary>
    public Memory<float> Destination { get; set; }

    public ExitPolicy Policy;

    public TailReply Reply;

    public int FrameBytes { get; set; }

    public long SentAt { get; set; }

    public long DeadlineAt { get; set; }

    public short Version => _completion.Version;

    /// <summary>Before it is sent.</summary>
    /// <param name="isAsync">Whether the caller awaits.</param>
    /// <param name="callerReads">Whether another, blocked caller reads: it must not be held up by one that continues inline.</param>
    public void Expect(bool isAsync, bool callerReads)
    {
        IsAsync = isAsync;
        _completion.RunContinuationsAsynchronously = !_completeInline || callerReads;
    }

    /// <summary>Tells the caller; outside the gate, because an awaiting caller may continue right here.</summary>
    public void Tell()
    {
        if (Listener is { } listener) listener.Told();
        else if (IsAsync) _completion.SetResult(Reply);
        else if (!Reads) Signal.Set();
    }

    /// <summary>Has the wait end with a token; a signalled one ends it right here.</summary>
    public void CancelBy(CancellationToken cancellation) =>
        _cancellation = cancellation.UnsafeRegister(static slot => ((RequestSlot)slot!).Cancel(), this);

    void Cancel() => _tasks.Cancel(this);

    public TailReply GetResult(short token)
    {
        // A call back under way must be over before the slot is used for another task.
        _cancellation.Dispose();
        _cancellation = default;
        TailReply reply = _completion.GetResult(token);
        if (reply.Outcome == TailOutcome.Answered) Logits.AsSpan(0, Math.Min(Logits.Length, Destination.Length)).CopyTo(Destination.Span);
        Destination = default;
        _completion.Reset();
        _tasks.Release(this);
        return reply;
    }

    public ValueTaskSourceStatus GetStatus(short token) => _completion.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _completion.OnCompleted(continuation, state, token, flags);
}
