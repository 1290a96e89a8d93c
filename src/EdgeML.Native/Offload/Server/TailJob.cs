using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Offload.Wire;

namespace EdgeML.Native.Offload.Server;

/// <summary>One request on the tail, with the slot it is received into and computed on; pooled.</summary>
sealed class TailJob(ITailSlot slot, int classes) : IDisposable
{
    readonly byte[] _frame = new byte[FramePrelude.Bytes + ReplyHeader.MaxBytes + (classes * sizeof(float))];

    public ITailSlot Slot { get; } = slot;

    public float[] Logits { get; } = new float[classes];

    /// <summary>Where its answer goes.</summary>
    public TailAnswers? Answers { get; set; }

    public RequestHeader Request;

    public TransferTimes Times;

    /// <summary>When the payload was complete, Stopwatch ticks.</summary>
    public long ReceivedAt { get; set; }

    /// <summary>When the answer stops being wanted, Stopwatch ticks of this machine.</summary>
    public long DeadlineAt { get; set; }

    /// <summary>The whole reply frame.</summary>
    public ReadOnlySpan<byte> WriteReply(in TailAnswer answer)
    {
        var header = new ReplyHeader { TaskId = Request.TaskId, Answer = answer, Times = Times };
        int headerBytes = header.Write(_frame.AsSpan(FramePrelude.Bytes));
        ReadOnlySpan<byte> payload = System.Runtime.InteropServices.MemoryMarshal.AsBytes(Logits.AsSpan());
        payload.CopyTo(_frame.AsSpan(FramePrelude.Bytes + headerBytes));
        Span<byte> frame = _frame.AsSpan(0, FramePrelude.Bytes + headerBytes + payload.Length);
        FramePrelude.Write(frame, FrameKind.Reply, headerBytes, payload.Length);
        FramePrelude.Seal(frame);
        return frame;
    }

    public void Dispose() => Slot.Dispose();
}
