using System.Diagnostics;
using System.Runtime.InteropServices;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Offload.Wire;
using EdgeML.Native.Policies;
using EdgeML.Native.Telemetry;

namespace EdgeML.Native.Offload.Client;

/// <summary>Hands the tail's frames to those who wait for them. Used by the one thread whose turn it is to receive.</summary>
/// <param name="state">Of the client.</param>
/// <param name="manifest">The model.</param>
/// <param name="limits">On what the tail sends.</param>
/// <param name="contradicted">Told of every answer that is not believed, outside the gate.</param>
sealed class LinkReplies(
    LinkState state, ModelManifest manifest, ProtocolLimits limits, Action<AnswerFault, TailAnswer> contradicted)
{
    readonly float[] _logits = new float[manifest.AnswerElements];
    volatile TailExpectation? _expectation;

    /// <summary>The profiled time that the tail of the last handshake computes for a request that no exit answers early, milliseconds; NaN
    /// where it is not known. Any thread.</summary>
    public double ExpectedMs(in ExitPolicy policy) => _expectation?.Milliseconds(policy, manifest.Exits.Count) ?? double.NaN;

    /// <summary>A connection begins. Inside the gate.</summary>
    public void Reset(DeviceProfile tail) => _expectation = new TailExpectation(manifest, tail);

    /// <summary>Takes the frame whose head was read last.</summary>
    /// <exception cref="InvalidDataException">It is none that a tail sends.</exception>
    public void Handle(TailLink link)
    {
        switch (link.Input.Prelude.Kind)
        {
            case FrameKind.Reply: Answer(link); break;
            case FrameKind.Error: Refused(link); break;
            case FrameKind.Pong: Echoed(link); break;
            case FrameKind.GoAway: AskedToLeave(link); break;
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
                $"reply carries {link.Input.Prelude.PayloadBytes} bytes of {(manifest.IsClassifier ? "logits" : "outputs")}, {_logits.Length} "
                + $"{(manifest.IsClassifier ? "classes" : "numbers")} take {logits.Length}");
        if (reply.LacksClass == manifest.IsClassifier)
            throw new InvalidDataException(
                $"reply {(reply.LacksClass ? "lacks the class" : "names a class")}, model {manifest.Name} has {manifest.Classes}");
        if (reply.Answer.Exit > manifest.Exits.Count || (manifest.IsClassifier && reply.Answer.Class >= manifest.Classes))
            throw new InvalidDataException(
                $"reply names exit {reply.Answer.Exit} of {manifest.Exits.Count}, class {reply.Answer.Class} of {manifest.Classes}");
        link.Input.ReadPayload(logits, limits.PayloadDeadline);

        RequestSlot? told = null;
        AnswerFault fault;
        lock (state.Gate)
        {
            RequestSlot slot = state.Tasks.Find(reply.TaskId, link);
            double totalMs = Ticks.Milliseconds(now - slot.SentAt);
            TransferTimes times = reply.Times.Within(totalMs, slot.FrameBytes);
            double rate = state.Meter.Transfer(totalMs, slot.FrameBytes, times);
            fault = AnswerCheck.FaultOf(manifest, slot.Policy, reply, _logits);
            // What a tail says of an answer that cannot be is no reason for a new plan.
            if (fault == AnswerFault.None) state.Meter.Tail(times, _expectation!.Milliseconds(slot.Policy, reply.Answer.Exit));
            else state.Contradictions++;
            if (slot.CallerWaits && fault != AnswerFault.None)
            {
                TailTasks.EndForCaller(slot, TailOutcome.Contradicted, FallbackReason.Contradiction);
                slot.Reply.RateBitsPerSecond = rate;
                told = slot;
            }
            else if (slot.CallerWaits)
            {
                TailTasks.EndForCaller(slot, TailOutcome.Answered, FallbackReason.None);
                slot.Reply.Answer = reply.Answer;
                slot.Reply.InvalidLogits = reply.HasInvalidLogits;
                slot.Reply.TailMs = times.ComputeMicros / 1000.0;
                slot.Reply.QueueMs = times.QueueMicros / 1000.0;
                slot.Reply.RateBitsPerSecond = rate;
                _logits.CopyTo(slot.Logits, 0);
                told = slot;
                state.Counts = state.Counts with { Answered = state.Counts.Answered + 1 };
            }
            else
            {
                state.Counts = state.Counts with { Dropped = state.Counts.Dropped + 1 };
            }
            state.Tasks.EndOnWire(slot);
            if (told is { IsAsync: false }) state.Turn.GiveAway(link);
            if (state.Tasks.OnWire == 0 && !state.Probe.IsOnWay && state.Probe.IsRateOld(now)) Monitor.PulseAll(state.Gate);
        }
        if (fault != AnswerFault.None) contradicted(fault, reply.Answer);
        told?.Tell();
    }

    void Refused(TailLink link)
    {
        long now = Stopwatch.GetTimestamp();
        ErrorHeader error = ErrorHeader.Read(link.Input.Header);
        if (link.Input.Prelude.PayloadBytes != 0)
            throw new InvalidDataException($"error carries a payload of {link.Input.Prelude.PayloadBytes} bytes");
        if (error.TaskId == 0) throw TailLink.Refusal(error, LinkReceiver.TailLeft);
        RequestSlot? told = null;
        lock (state.Gate)
        {
            RequestSlot slot = state.Tasks.Find(error.TaskId, link);
            double totalMs = Ticks.Milliseconds(now - slot.SentAt);
            TransferTimes times = error.Times.Within(totalMs, slot.FrameBytes);
            double rate = state.Meter.Transfer(totalMs, slot.FrameBytes, times);
            state.Meter.Tail(times, double.NaN);
            if (slot.CallerWaits)
            {
                FallbackReason reason = TailLink.ReasonOf(error.Code);
                TailTasks.EndForCaller(slot, reason == FallbackReason.Late ? TailOutcome.Late : TailOutcome.Refused, reason);
                slot.Reply.QueueMs = times.QueueMicros / 1000.0;
                slot.Reply.RateBitsPerSecond = rate;
                told = slot;
            }
            state.Tasks.EndOnWire(slot);
        }
        told?.Tell();
    }

    void Echoed(TailLink link)
    {
        long now = Stopwatch.GetTimestamp();
        PingHeader pong = PingHeader.Read(link.Input.Header);
        if (link.Input.Prelude.PayloadBytes != 0)
            throw new InvalidDataException($"pong carries a payload of {link.Input.Prelude.PayloadBytes} bytes");
        lock (state.Gate)
        {
            state.Probe.End(pong, now);
            Monitor.PulseAll(state.Gate);
        }
    }

    void AskedToLeave(TailLink link)
    {
        GoAwayHeader header = GoAwayHeader.Read(link.Input.Header);
        if (link.Input.Prelude.PayloadBytes != 0)
            throw new InvalidDataException($"go-away carries a payload of {link.Input.Prelude.PayloadBytes} bytes");
        lock (state.Gate) state.Leave(Printable.Text(header.Text));
    }
}
