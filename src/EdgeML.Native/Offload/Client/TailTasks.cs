using System.Diagnostics;
using EdgeML.Native.Offload.Wire;
using EdgeML.Native.Telemetry;

namespace EdgeML.Native.Offload.Client;

/// <summary>The tasks of a client that are on their way or not yet taken by their callers.</summary>
/// <remarks>All members are used inside the gate, but for those that say otherwise.</remarks>
sealed class TailTasks
{
    readonly object _gate;
    readonly RequestSlot[] _slots;
    readonly Stack<RequestSlot> _free;

    /// <param name="gate">Guards them; pulsed when nothing is overdue any more.</param>
    /// <param name="count">How many there may be.</param>
    /// <param name="classes">Logits of each.</param>
    /// <param name="completeInline">Whether an awaiting caller continues on the completing thread.</param>
    public TailTasks(object gate, int count, int classes, bool completeInline)
    {
        _gate = gate;
        _slots = new RequestSlot[count];
        for (int i = 0; i < _slots.Length; i++) _slots[i] = new RequestSlot(this, i, classes, completeInline);
        _free = new Stack<RequestSlot>(_slots);
    }

    /// <summary>How many there may be.</summary>
    public int Capacity => _slots.Length;

    /// <summary>How many the tail has not answered.</summary>
    public int OnWire { get; private set; }

    /// <summary>How many of these are overdue; until it is none, nothing else is sent.</summary>
    public int Overdue { get; private set; }

    /// <summary>Takes a slot for a task that is sent next.</summary>
    /// <returns>Null where every slot is taken.</returns>
    public RequestSlot? Begin(TailLink link, ulong sequence, in TailRequest request, Memory<float> logits, in TailReply failure)
    {
        if (!_free.TryPop(out RequestSlot? slot)) return null;
        slot.Link = link;
        slot.TaskId = (sequence << 8) | (uint)slot.Index;
        slot.Policy = request.Policy;
        slot.Reply = failure;
        slot.IsStale = false;
        slot.Destination = logits;
        (slot.CallerWaits, slot.CallerHolds) = (true, true);
        slot.SentAt = Stopwatch.GetTimestamp();
        slot.DeadlineAt = slot.SentAt + (long)(Math.Min(request.DeadlineMs, 1e9) * Stopwatch.Frequency / 1000);
        OnWire++;
        return slot;
    }

    /// <summary>The task an id belongs to. Every id on a connection is answered once; anything else is a tail that cannot be
    /// trusted.</summary>
    /// <exception cref="InvalidDataException">No such task is on the way.</exception>
    public RequestSlot Find(ulong taskId, TailLink link)
    {
        int index = (int)(taskId & 0xff);
        if (index < _slots.Length && _slots[index] is var slot && slot.TaskId == taskId && slot.Link == link && taskId != 0) return slot;
        throw new InvalidDataException($"tail answers task {taskId}, which is not on the way");
    }

    /// <summary>The caller's task is about to complete.</summary>
    public static void EndForCaller(RequestSlot slot, TailOutcome outcome, FallbackReason reason)
    {
        slot.CallerWaits = false;
        slot.Reply.Outcome = outcome;
        slot.Reply.Reason = reason;
        slot.Reply.BytesSent = slot.FrameBytes;
        slot.Reply.TotalMs = Ticks.Milliseconds(Stopwatch.GetTimestamp() - slot.SentAt);
    }

    /// <summary>Nothing more can come for the slot from the wire.</summary>
    public void EndOnWire(RequestSlot slot)
    {
        if (slot.IsStale)
        {
            slot.IsStale = false;
            Overdue--;
            Monitor.PulseAll(_gate);
        }
        slot.TaskId = 0;
        slot.Link = null;
        OnWire--;
        if (!slot.CallerHolds) _free.Push(slot);
    }

    /// <summary>Ends the tasks of a connection that is gone.</summary>
    /// <param name="link">The connection.</param>
    /// <param name="told">Receives those whose callers must be completed.</param>
    public void EndAll(TailLink link, List<RequestSlot> told)
    {
        foreach (RequestSlot slot in _slots)
        {
            if (slot.Link != link) continue;
            if (slot.CallerWaits)
            {
                EndForCaller(slot, TailOutcome.Lost, FallbackReason.Down);
                told.Add(slot);
            }
            EndOnWire(slot);
        }
    }

    /// <summary>Ends the tasks of awaiting callers whose deadline has passed, and finds those whose alarm goes off.</summary>
    /// <param name="now">Stopwatch ticks.</param>
    /// <param name="told">Receives those whose callers must be told.</param>
    /// <returns>Milliseconds by which the most overdue of all answers is late; negative infinity for none.</returns>
    public double EndLate(long now, List<RequestSlot> told)
    {
        double most = double.NegativeInfinity;
        foreach (RequestSlot slot in _slots)
        {
            if (slot.TaskId == 0) continue;
            if (slot.IsAsync && slot.CallerWaits && slot.DeadlineAt <= now)
            {
                EndForCaller(slot, TailOutcome.Late, FallbackReason.Late);
                MakeStale(slot);
                told.Add(slot);
            }
            else if (slot.CallerWaits && slot.AlarmAt <= now)
            {
                slot.AlarmAt = long.MaxValue;
                told.Add(slot);
            }
            // A caller that cancelled leaves a task on the way that may become overdue like any other.
            else if (!slot.CallerWaits && !slot.IsStale && slot.DeadlineAt <= now) MakeStale(slot);
            if (!slot.CallerWaits) most = Math.Max(most, Ticks.Milliseconds(now - slot.DeadlineAt));
        }
        return most;
    }

    /// <summary>Of the awaiting callers, alarms included; the largest number for none.</summary>
    public long EarliestDeadline()
    {
        long earliest = long.MaxValue;
        foreach (RequestSlot slot in _slots)
        {
            if (slot.TaskId != 0 && slot.IsAsync && slot.CallerWaits)
                earliest = Math.Min(earliest, Math.Min(slot.DeadlineAt, slot.AlarmAt));
        }
        return earliest;
    }

    /// <summary>Gives up waiting; false when the answer came in the same moment and the caller is about to be completed. Outside the
    /// gate.</summary>
    public bool TryAbandon(RequestSlot slot)
    {
        lock (_gate)
        {
            if (!slot.CallerWaits) return false;
            EndForCaller(slot, TailOutcome.Late, FallbackReason.Late);
            MakeStale(slot);
            return true;
        }
    }

    /// <summary>The caller's token was signalled: it is completed at once, and the answer is dropped when it comes. Outside the gate.</summary>
    public void Cancel(RequestSlot slot)
    {
        lock (_gate)
        {
            if (!slot.CallerWaits) return;
            EndForCaller(slot, TailOutcome.Cancelled, FallbackReason.None);
        }
        slot.Tell();
    }

    /// <summary>The caller has taken the result. Outside the gate.</summary>
    public void Release(RequestSlot slot)
    {
        slot.Signal.Reset();
        lock (_gate)
        {
            slot.CallerHolds = false;
            if (slot.TaskId == 0) _free.Push(slot);
        }
    }

    /// <summary>Whether a request has ended for its caller. Outside the gate.</summary>
    public bool HasEnded(RequestSlot slot)
    {
        lock (_gate) return !slot.CallerWaits;
    }

    /// <summary>The caller has its answer from elsewhere, or gives up: this one is dropped when it comes. Outside the gate.</summary>
    /// <param name="slot">Of the request.</param>
    /// <param name="overdue">Whether the connection counts as stalled until it comes; else not before its deadline.</param>
    /// <returns>Whether there was an answer already.</returns>
    public bool Leave(RequestSlot slot, bool overdue)
    {
        lock (_gate)
        {
            bool isAnswered = !slot.CallerWaits && slot.Reply.Outcome == TailOutcome.Answered;
            if (slot.CallerWaits)
            {
                EndForCaller(slot, TailOutcome.Cancelled, FallbackReason.None);
                if (overdue) MakeStale(slot);
            }
            slot.CallerHolds = false;
            if (slot.TaskId == 0) _free.Push(slot);
            return isAnswered;
        }
    }

    void MakeStale(RequestSlot slot)
    {
        slot.IsStale = true;
        Overdue++;
    }
}
