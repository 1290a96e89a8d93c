using EdgeML.Native.Codecs;
using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Wire;
using EdgeML.Native.Policies;

namespace EdgeML.Native.Tests.Offload.Wire;

/// <summary>Valid frames of every kind, and what makes a changed one look valid again.</summary>
static class Frames
{
    public delegate int HeaderWriter(Span<byte> destination);

    public static byte[] Make(FrameKind kind, HeaderWriter header, ReadOnlySpan<byte> payload = default)
    {
        byte[] memory = new byte[FramePrelude.Bytes + 4096 + payload.Length];
        int headerBytes = header(memory.AsSpan(FramePrelude.Bytes));
        payload.CopyTo(memory.AsSpan(FramePrelude.Bytes + headerBytes));
        byte[] frame = memory[..(FramePrelude.Bytes + headerBytes + payload.Length)];
        FramePrelude.Write(frame, kind, headerBytes, payload.Length);
        FramePrelude.Seal(frame);
        return frame;
    }

    public static byte[] Hello(string hash = "sha256:fake") => Make(FrameKind.Hello, new HelloHeader(hash, 14).Write);

    public static byte[] HelloAck() => Make(FrameKind.HelloAck, new HelloAckHeader(16, 1 << 20, 14, [1, 2, 3], [0.5f]).Write);

    public static byte[] Request(ulong id, ReadOnlySpan<byte> payload, int cut = 1, float deadlineMs = 1000) =>
        Make(FrameKind.Request, new RequestHeader
        {
            TaskId = id,
            Encoding = TensorEncoding.Float32,
            DeadlineMs = deadlineMs,
            Policy = new ExitPolicy([0.5f], cut),
        }.Write, payload);

    public static byte[] Reply(ulong id, TailAnswer answer, ReadOnlySpan<byte> logits) =>
        Make(FrameKind.Reply, new ReplyHeader
        {
            TaskId = id,
            Answer = answer,
            LacksClass = answer.Class == TailAnswer.NoClass,
            Times = new TransferTimes { ComputeMicros = 1000, Slowdown = 1 }
        }.Write, logits);

    public static byte[] Error(ulong id, ErrorCode code)
        => Make(FrameKind.Error, new ErrorHeader { TaskId = id, Code = code, Text = "why" }.Write);

    public static byte[] Ping(ulong sequence, FrameKind kind = FrameKind.Ping, int payload = 0) =>
        Make(kind, new PingHeader { Sequence = sequence }.Write, new byte[payload]);

    public static byte[] Payload(int seed, int bytes = 128)
    {
        byte[] payload = new byte[bytes];
        new Random(seed).NextBytes(payload);
        return payload;
    }
}
