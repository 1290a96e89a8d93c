using System.Runtime.InteropServices;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Offload.Server;
using EdgeML.Native.Offload.Wire;
using EdgeML.Server.Transport;

namespace EdgeML.Server.Requests;

/// <summary>One request on the tail; pooled by its model.</summary>
sealed class TailJob(ServedModel model)
{
    readonly byte[] _frame = new byte[ReplyBytes(model.Manifest)];

    /// <summary>The longest reply frame of a model.</summary>
    public static int ReplyBytes(ModelManifest manifest) =>
        checked(FramePrelude.Bytes + ReplyHeader.MaxBytes + (manifest.AnswerElements * sizeof(float)));

    public ServedModel Model { get; } = model;

    /// <summary>One computation: policy, payload, and the answer when it is ready.</summary>
    public TailRow Row { get; } = new(model.Manifest.AnswerElements);

    /// <summary>Where the answer goes; null while the job is free.</summary>
    public AnswerQueue? Answers { get; set; }

    /// <summary>Whose request it is; null while the job is free.</summary>
    public AccessRules.Client? Client { get; set; }

    public ulong TaskId { get; set; }

    public TransferTimes Times;

    /// <summary>When the payload was complete, Stopwatch ticks.</summary>
    public long ReceivedAt { get; set; }

    /// <summary>When the answer stops being wanted, Stopwatch ticks of this machine.</summary>
    public long DeadlineAt { get; set; }

    /// <summary>Milliseconds it is expected to compute alone.</summary>
    public double CostMs { get; set; }

    /// <summary>The properties that other requests must share to be computed with this one.</summary>
    public TailBatchKey Key { get; set; }

    /// <summary>Whether the two can be computed as one batch.</summary>
    public bool FitsWith(TailJob other) => Model == other.Model && Key == other.Key;

    /// <summary>The whole reply frame.</summary>
    public ReadOnlySpan<byte> WriteReply()
    {
        var header = new ReplyHeader
        {
            TaskId = TaskId,
            Answer = Row.Answer,
            Times = Times,
            HasInvalidLogits = Row.InvalidLogits,
            LacksClass = !Model.Manifest.IsClassifier,
        };
        int headerBytes = header.Write(_frame.AsSpan(FramePrelude.Bytes));
        ReadOnlySpan<byte> payload = MemoryMarshal.AsBytes(Row.Logits.AsSpan());
        payload.CopyTo(_frame.AsSpan(FramePrelude.Bytes + headerBytes));
        Span<byte> frame = _frame.AsSpan(0, FramePrelude.Bytes + headerBytes + payload.Length);
        FramePrelude.Write(frame, FrameKind.Reply, headerBytes, payload.Length);
        FramePrelude.Seal(frame);
        return frame;
    }
}
