using System.Runtime.InteropServices;
using EdgeML.Native.Offload.Wire;

namespace EdgeML.Native.Offload.Server;

/// <summary>One request on the tail, with the memory it is received into and the slot it is computed on; pooled.</summary>
sealed class TailJob(ITailExecutor executor, int classes) : IDisposable
{
    readonly byte[] _frame = new byte[FramePrelude.Bytes + ReplyHeader.MaxBytes + (classes * sizeof(float))];

    public ITailSlot Slot { get; } = executor.CreateSlot();

    /// <summary>What the slot computes.</summary>
    public TailRow Row { get; } = new(classes);

    /// <summary>Where its answer goes.</summary>
    public TailAnswers? Answers { get; set; }

    public RequestHeader Request;

    public TransferTimes Times;

    /// <summary>When the payload was complete, Stopwatch ticks.</summary>
    public long ReceivedAt { get; set; }

    /// <summary>When the answer stops being wanted, Stopwatch ticks of this machine.</summary>
    public long DeadlineAt { get; set; }

    /// <summary>Memory for a payload of so many bytes; it grows to the largest one and stays.</summary>
    public Span<byte> PayloadOf(int bytes)
    {
        if (Row.Payload is null || Row.Payload.Data.Length < bytes)
        {
            Row.Payload?.Dispose();
            Row.Payload = null;
            Row.Payload = executor.CreatePayload(bytes);
        }
        return Row.Payload.Data.Span[..bytes];
    }

    /// <summary>Computes the request.</summary>
    public void Run()
    {
        (Row.Policy, Row.Encoding) = (Request.Policy, Request.Encoding);
        TailRow row = Row;
        Slot.Run(new ReadOnlySpan<TailRow>(in row));
    }

    /// <summary>The whole reply frame.</summary>
    public ReadOnlySpan<byte> WriteReply()
    {
        var header = new ReplyHeader { TaskId = Request.TaskId, Answer = Row.Answer, Times = Times };
        int headerBytes = header.Write(_frame.AsSpan(FramePrelude.Bytes));
        ReadOnlySpan<byte> payload = MemoryMarshal.AsBytes(Row.Logits.AsSpan());
        payload.CopyTo(_frame.AsSpan(FramePrelude.Bytes + headerBytes));
        Span<byte> frame = _frame.AsSpan(0, FramePrelude.Bytes + headerBytes + payload.Length);
        FramePrelude.Write(frame, FrameKind.Reply, headerBytes, payload.Length);
        FramePrelude.Seal(frame);
        return frame;
    }

    public void Dispose()
    {
        Slot.Dispose();
        Row.Payload?.Dispose();
    }
}
