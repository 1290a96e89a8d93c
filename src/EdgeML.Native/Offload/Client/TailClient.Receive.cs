using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using EdgeML.Native.Codecs;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Offload.Transport;
using EdgeML.Native.Offload.Wire;
using EdgeML.Native.Telemetry;
using Microsoft.Extensions.Logging;

namespace EdgeML.Native.Offload.Client;

/// <content>The receiving thread: connect, say hello, hand out answers, and begin again after every fault.</content>
public sealed partial class TailClient
{
    const string TailLeft = "tail ended the connection";

    readonly float[] _logits;
    readonly Func<ITransport> _connect;
    TailLink? _connecting;

    [SuppressMessage("Design", "CA1031", Justification = "an exception that leaves a background thread ends the process")]
    void Connect()
    {
        var jitter = new Random();
        double pauseMs = 0;
        while (!Volatile.Read(ref _disposed))
        {
            long start = Environment.TickCount64;
            try
            {
                using var link = new TailLink(_connect(), _options.Limits);
                Serve(link);
            }
            catch (Exception e)
            {
                // Whatever ended it, tasks are answered on the edge and the next attempt may do better.
                if (!IsLinkFault(e)) Faults.Add("link", "the connection was ended", e);
                Down(e);
            }
            // A connection that held for a while was a good one; a tail that breaks every connection at once is not tried ever faster.
            bool held = Environment.TickCount64 - start > _options.LongestBackoff.TotalMilliseconds;
            pauseMs = held || pauseMs == 0 ? _options.FirstBackoff.TotalMilliseconds
                : Math.Min(2 * pauseMs, _options.LongestBackoff.TotalMilliseconds);
            Pause(pauseMs * (0.75 + (0.5 * jitter.NextDouble())));
        }
    }

    /// <summary>Writes a line for the user, whose logger may throw.</summary>
    [SuppressMessage("Design", "CA1031", Justification = "a logger that throws must not end the thread")]
    void Log(Action write)
    {
        try
        {
            write();
        }
        catch (Exception e)
        {
            Faults.Add("link", "a line was not logged", e);
        }
    }

    void Down(Exception e)
    {
        FallbackReason reason = ReasonOf(e);
        string fault = reason == FallbackReason.NoTail
            ? $"no tail answers at {_options.Host}:{_options.Port}: {e.Message}" : e.Message;
        bool isNew;
        lock (_gate)
        {
            // This side's own end is no fault of the link.
            if (_disposed) return;
            isNew = _lastFault != fault;
            (_fault, _lastFault) = (reason, fault);
            Monitor.PulseAll(_gate);
        }
        if (isNew) Log(() => _logger.LogWarning("link to {Host}:{Port} is down: {Fault}", _options.Host, _options.Port, fault));
    }

    static FallbackReason ReasonOf(Exception e) => e switch
    {
        TailFaultException fault => fault.Reason,
        ProtocolVersionException => FallbackReason.ProtocolVersion,
        System.Net.Sockets.SocketException socket => TailLink.ReasonOf(socket),
        _ => FallbackReason.Down,
    };

    static bool IsLinkFault(Exception e) =>
        e is IOException or InvalidDataException or TimeoutException or System.Net.Sockets.SocketException;

    void Serve(TailLink link)
    {
        Volatile.Write(ref _connecting, link);
        try
        {
            if (Volatile.Read(ref _disposed)) return;
            link.SayHello(_manifest, _bottlenecks.Digest, _options.Limits);
            Open(link);
            while (_headWasRead || link.Input.ReadHead(Timeout.InfiniteTimeSpan, _options.Limits.HeaderDeadline))
            {
                _headWasRead = false;
                Handle(link);
                Rest();
            }
            throw new IOException(TailLeft);
        }
        catch (IOException e) when (link.AbortReason is not null)
        {
            throw new TailFaultException(FallbackReason.Stalled, link.AbortReason, e);
        }
        finally
        {
            Volatile.Write(ref _connecting, null);
            Drop(link);
        }
    }

    void Open(TailLink link)
    {
        Log(() => _logger.LogInformation("link to {Host}:{Port} is up", _options.Host, _options.Port));
        DeviceProfile profile = link.Profile();
        lock (_gate)
        {
            _expectation = new TailExpectation(_manifest, profile);
            _readsBottlenecks = (link.Tail.Encodings >> (int)TensorEncoding.Bottleneck & 1) != 0;
            Volatile.Write(ref _tailProfile, profile);
            _maxInFlight = Math.Min(_slots.Length, link.Tail.MaxInFlight);
            (_probeSequence, _probeOverdue, _lastActivity, _rateProbeAt) = (0, false, 0, 0);
            (_turn, _readFault, _headWasRead) = (ReadingTurn.Receiver, null, false);
            _link = link;
            Monitor.PulseAll(_gate);
        }
    }

    void Handle(TailLink link)
    {
        switch (link.Input.Prelude.Kind)
        {
            case FrameKind.Reply: Answer(link); break;
            case FrameKind.Error: Refused(link); break;
            case FrameKind.Pong: Echoed(link); break;
            default: throw new InvalidDataException($"tail sent a {link.Input.Prelude.Kind} frame");
        }
    }

    void Answer(TailLink link)
    {
        long now = Stopwatch.GetTimestamp();
        ReplyHeader reply = ReplyHeader.Read(link.Input.Header);
        Span<byte> logits = MemoryMarshal.AsBytes(_logits.AsSpan());
        if (link.Input.Prelude.PayloadBytes != logits.Length)
            throw new InvalidDataException(
                $"reply carries {link.Input.Prelude.PayloadBytes} bytes of logits, {_logits.Length} classes take {logits.Length}");
        if (reply.Answer.Exit > _manifest.Exits.Count || reply.Answer.Class >= _manifest.Classes)
            throw new InvalidDataException(
                $"reply names exit {reply.Answer.Exit} of {_manifest.Exits.Count}, class {reply.Answer.Class} of {_manifest.Classes}");
        link.Input.ReadPayload(logits, _options.Limits.PayloadDeadline);

        TailSlot? told = null;
        lock (_gate)
        {
            TailSlot slot = SlotOf(reply.TaskId, link);
            double totalMs = Milliseconds(now - slot.SentAt);
            double rate = _meter.Transfer(totalMs, slot.FrameBytes, reply.Times);
            _meter.Tail(reply.Times, _expectation!.Milliseconds(slot.Policy, reply.Answer.Exit));
            if (slot.CallerWaits)
            {
                EndForCaller(slot, TailOutcome.Answered, FallbackReason.None);
                slot.Reply.Answer = reply.Answer;
                slot.Reply.TailMs = reply.Times.ComputeMicros / 1000.0;
                slot.Reply.QueueMs = reply.Times.QueueMicros / 1000.0;
                slot.Reply.RateBitsPerSecond = rate;
                _logits.CopyTo(slot.Logits, 0);
                told = slot;
            }
            EndOnWire(slot);
            if (told is { IsAsync: false }) GiveTurnAway(link);
            if (_onWire == 0 && _probeSequence == 0 && IsRateOld(now)) Monitor.PulseAll(_gate);
        }
        told?.Tell();
    }

    void Refused(TailLink link)
    {
        long now = Stopwatch.GetTimestamp();
        ErrorHeader error = ErrorHeader.Read(link.Input.Header);
        if (link.Input.Prelude.PayloadBytes != 0)
            throw new InvalidDataException($"error carries a payload of {link.Input.Prelude.PayloadBytes} bytes");
        if (error.TaskId == 0) throw TailLink.Refusal(error, "tail ended the connection");
        TailSlot? told = null;
        lock (_gate)
        {
            TailSlot slot = SlotOf(error.TaskId, link);
            double rate = _meter.Transfer(Milliseconds(now - slot.SentAt), slot.FrameBytes, error.Times);
            _meter.Tail(error.Times, double.NaN);
            if (slot.CallerWaits)
            {
                FallbackReason reason = TailLink.ReasonOf(error.Code);
                EndForCaller(slot, reason == FallbackReason.Late ? TailOutcome.Late : TailOutcome.Refused, reason);
                slot.Reply.QueueMs = error.Times.QueueMicros / 1000.0;
                slot.Reply.RateBitsPerSecond = rate;
                told = slot;
            }
            EndOnWire(slot);
        }
        told?.Tell();
    }

    void Echoed(TailLink link)
    {
        long now = Stopwatch.GetTimestamp();
        PingHeader pong = PingHeader.Read(link.Input.Header);
        if (link.Input.Prelude.PayloadBytes != 0)
            throw new InvalidDataException($"pong carries a payload of {link.Input.Prelude.PayloadBytes} bytes");
        lock (_gate)
        {
            if (pong.Sequence == 0 || pong.Sequence != _probeSequence)
                throw new InvalidDataException($"pong answers ping {pong.Sequence}, {_probeSequence} is on the way");
            _meter.Transfer(Milliseconds(now - _probeSentAt), _probeFrameBytes, pong.Times);
            _meter.Load(pong.Times);
            (_probeSequence, _probeOverdue) = (0, false);
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>The request an id belongs to. Every id on this connection is answered once; anything else is a tail that cannot be
    /// trusted.</summary>
    TailSlot SlotOf(ulong taskId, TailLink link)
    {
        int index = (int)(taskId & 0xff);
        if (index < _slots.Length && _slots[index] is var slot && slot.TaskId == taskId && slot.Link == link && taskId != 0) return slot;
        throw new InvalidDataException($"tail answers task {taskId}, which is not on the way");
    }

    void Drop(TailLink link)
    {
        lock (_gate)
        {
            if (_link == link) _link = null;
            foreach (TailSlot slot in _slots)
            {
                if (slot.Link != link) continue;
                if (slot.CallerWaits)
                {
                    EndForCaller(slot, TailOutcome.Lost, FallbackReason.Down);
                    _dropped.Add(slot);
                }
                EndOnWire(slot);
            }
        }
        foreach (TailSlot slot in _dropped) slot.Tell();
        _dropped.Clear();
    }

    readonly List<TailSlot> _dropped = [];

    void Pause(double milliseconds)
    {
        long end = Environment.TickCount64 + (long)milliseconds;
        lock (_gate)
        {
            while (!_disposed && end - Environment.TickCount64 is > 0 and long left) Monitor.Wait(_gate, (int)left);
        }
    }
}
