using System.Runtime.ExceptionServices;

namespace EdgeML.Native.Offload.Client;

/// <summary>Decides which thread receives: the receiving thread, or a blocked caller that reads its own answer.</summary>
/// <remarks>A blocked caller that would be woken by the receiving thread, itself woken by the answer, pays for two wake-ups, tens of
/// microseconds each where cores sleep. So after it has answered a blocked caller the receiving thread rests for a while, and the next such
/// caller reads its answer itself. Anything else that is sent, a fault, or bytes that the caller leaves unread wake the receiving thread.
/// Members are used inside the gate, but for those that say otherwise.</remarks>
sealed class ReceiveTurn(object gate, TailTasks tasks, LinkProbe probe, int restMs)
{
    ReceiveOwner _owner;
    Exception? _fault;
    long _restUntil;
    bool _isClosed;
    bool _isKept;

    /// <summary>Whether the caller that had the turn has read a frame's head and left the rest. Outside the gate it is the receiving thread's,
    /// while that has the turn.</summary>
    public bool HeadWasRead { get; set; }

    /// <summary>Whether a blocked caller has the turn.</summary>
    public bool IsCallers => _owner == ReceiveOwner.Caller;

    /// <summary>A connection begins.</summary>
    public void Reset() => (_owner, _fault, HeadWasRead, _isKept) = (ReceiveOwner.Receiver, null, false, false);

    /// <summary>The receiving thread keeps its turn, or has it back next, until the connection ends.</summary>
    public void KeepForReceiver()
    {
        _isKept = true;
        WakeReceiver();
    }

    /// <summary>The client is closed: a rest ends.</summary>
    public void Close() => _isClosed = true;

    /// <summary>Ends the receiving thread's rest, before anything is sent whose answer no blocked caller reads.</summary>
    public void WakeReceiver()
    {
        if (_owner != ReceiveOwner.Nobody) return;
        _owner = ReceiveOwner.Receiver;
        Monitor.PulseAll(gate);
    }

    /// <summary>A blocked caller takes the turn; false where it is not free.</summary>
    public bool TryTake()
    {
        if (_owner != ReceiveOwner.Nobody) return false;
        _owner = ReceiveOwner.Caller;
        return true;
    }

    /// <summary>The caller that has the turn returns it.</summary>
    /// <param name="link">The connection.</param>
    /// <param name="fault">The fault that ended the connection; null where it is sound.</param>
    /// <param name="headWasRead">Whether it has left the rest of a frame.</param>
    /// <param name="sound">Whether it has read without a fault.</param>
    public void Return(TailLink link, Exception? fault, bool headWasRead, bool sound)
    {
        (_fault, HeadWasRead) = (fault, headWasRead);
        _owner = sound && !headWasRead && CanRest(link) ? ReceiveOwner.Nobody : ReceiveOwner.Receiver;
        if (_owner == ReceiveOwner.Nobody) _restUntil = Environment.TickCount64 + restMs;
        else Monitor.PulseAll(gate);
    }

    /// <summary>The receiving thread gives its turn away when it has a blocked caller's answer. It does so before it tells, for the caller may
    /// send the next task at once.</summary>
    public void GiveAway(TailLink link)
    {
        if (_owner != ReceiveOwner.Receiver || !CanRest(link)) return;
        (_owner, _restUntil) = (ReceiveOwner.Nobody, Environment.TickCount64 + restMs);
    }

    /// <summary>The receiving thread's rest, until it has the turn again. Outside the gate.</summary>
    public void Rest()
    {
        Exception? fault;
        lock (gate)
        {
            while (_owner != ReceiveOwner.Receiver)
            {
                long left = _restUntil - Environment.TickCount64;
                if (_owner == ReceiveOwner.Nobody && (left <= 0 || _isClosed)) _owner = ReceiveOwner.Receiver;
                else Monitor.Wait(gate, _owner == ReceiveOwner.Caller ? restMs : (int)left);
            }
            (fault, _fault) = (_fault, null);
        }
        if (fault is not null) ExceptionDispatchInfo.Throw(fault);
    }

    bool CanRest(TailLink link) => !_isKept && tasks.OnWire == 0 && !probe.IsOnWay && link.Input.IsBetweenFrames;
}

/// <summary>The thread that may read from the link.</summary>
enum ReceiveOwner
{
    /// <summary>The receiving thread's.</summary>
    Receiver,

    /// <summary>Free: nothing is on the way, and the next blocked caller may take it.</summary>
    Nobody,

    /// <summary>A blocked caller's, until its task has ended.</summary>
    Caller,
}
