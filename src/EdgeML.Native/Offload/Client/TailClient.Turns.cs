using System.Diagnostics.CodeAnalysis;
using System.Runtime.ExceptionServices;
using EdgeML.Native.Offload.Transport;

namespace EdgeML.Native.Offload.Client;

/// <content>Who reads. A blocked caller that would be woken by the receiving thread, itself woken by the answer, pays for two wake-ups,
/// tens of microseconds each where cores sleep. So after it has answered a blocked caller the receiving thread rests for a while, and the
/// next such caller reads its answer itself. Anything else that is sent, a fault, or what the caller leaves unread wakes the receiving
/// thread.</content>
public sealed partial class TailClient
{
    ReadingTurn _turn;
    Exception? _readFault;
    long _restUntil;
    bool _headWasRead;

    /// <summary>Ends the receiving thread's rest. Inside the gate, before anything is sent whose answer no blocked caller reads.</summary>
    void WakeReceiver()
    {
        if (_turn != ReadingTurn.Nobody) return;
        _turn = ReadingTurn.Receiver;
        Monitor.PulseAll(_gate);
    }

    /// <summary>Takes the turn, if it is nobody's, and reads until the caller's task has ended or its deadline passes.</summary>
    /// <returns>Whether its task has ended; otherwise it waits like any other, for what is left of its time.</returns>
    [SuppressMessage("Design", "CA1031", Justification = "faults of the link are outcomes of a task, not exceptions")]
    bool ReadUntilTold(TailSlot slot)
    {
        TailLink? link;
        lock (_gate)
        {
            link = slot.Link;
            if (_turn != ReadingTurn.Nobody || link is null) return false;
            (_turn, slot.Reads) = (ReadingTurn.Caller, true);
        }
        Exception? fault = null;
        bool headWasRead = false, sound = false, told;
        try
        {
            while (slot.CallerWaits && !headWasRead && MillisecondsUntil(slot.DeadlineAt) is > 0 and int left)
            {
                FrameArrival arrival = link.Input.TryReadHead(left, _options.Limits.HeaderDeadline);
                if (arrival == FrameArrival.End) throw new IOException(TailLeft);
                if (arrival == FrameArrival.None) continue;
                // What is still missing of a payload may be long in coming, and this caller has a deadline.
                if (link.Input.BufferedPayload < link.Input.Prelude.PayloadBytes) headWasRead = true;
                else Handle(link);
            }
            sound = true;
        }
        catch (Exception e)
        {
            // The receiving thread ends the connection with it, and this task is then lost like any other on it.
            fault = e;
        }
        finally
        {
            if (!sound) link.Abort();
            lock (_gate)
            {
                // From here on another thread may end the task, and then it signals.
                (slot.Reads, told) = (false, sound && !slot.CallerWaits);
                (_readFault, _headWasRead) = (fault, headWasRead);
                _turn = sound && !headWasRead && CanRest(link) ? ReadingTurn.Nobody : ReadingTurn.Receiver;
                if (_turn == ReadingTurn.Nobody) _restUntil = Environment.TickCount64 + _options.RestMs;
                else Monitor.PulseAll(_gate);
            }
        }
        return told;
    }

    /// <summary>The receiving thread gives its turn away when it has a blocked caller's answer: inside the gate and before it tells, for the
    /// caller may send the next task at once.</summary>
    void GiveTurnAway(TailLink link)
    {
        if (_turn != ReadingTurn.Receiver || !CanRest(link)) return;
        (_turn, _restUntil) = (ReadingTurn.Nobody, Environment.TickCount64 + _options.RestMs);
    }

    /// <summary>The receiving thread's rest, until it has the turn again.</summary>
    void Rest()
    {
        Exception? fault;
        lock (_gate)
        {
            while (_turn != ReadingTurn.Receiver)
            {
                long left = _restUntil - Environment.TickCount64;
                if (_turn == ReadingTurn.Nobody && (left <= 0 || _disposed)) _turn = ReadingTurn.Receiver;
                else Monitor.Wait(_gate, _turn == ReadingTurn.Caller ? _options.RestMs : (int)left);
            }
            (fault, _readFault) = (_readFault, null);
        }
        if (fault is not null) ExceptionDispatchInfo.Throw(fault);
    }

    bool CanRest(TailLink link) => _onWire == 0 && _probeSequence == 0 && link.Input.IsBetweenFrames;
}
