using EdgeML.Native.Codecs;
using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Wire;
using EdgeML.Native.Policies;
using EdgeML.Native.Tests.Offload.Wire;

namespace EdgeML.Native.Tests.Offload.Conversations;

/// <summary>Frames with the smallest and largest values of every header, and with those at which an encoding becomes wider.</summary>
static class ExtremeFrames
{
    static readonly ulong[] s_unsigned =
        [0, 1, 127, 128, 255, 256, 65_535, 65_536, uint.MaxValue, 1UL << 32, long.MaxValue, ulong.MaxValue];

    static readonly int[] s_signed =
        [0, 127, 128, 255, 256, 65_535, 65_536, int.MaxValue, -1, -32, -33, -128, -129, -32_768, -32_769, int.MinValue];

    static readonly float[] s_floats =
        [0, -0f, 1, 0.1f, float.Epsilon, float.MaxValue, float.MinValue, float.PositiveInfinity, float.NegativeInfinity, float.NaN];

    static readonly int[] s_lengths = [0, 1, 31, 32, 255, 256, 1000];

    /// <summary>All of them, as the writer of this build writes them.</summary>
    public static IEnumerable<byte[]> Made()
    {
        foreach (int length in s_lengths.Where(length => length <= 256))
            yield return Frames.Make(
                FrameKind.Hello, new HelloHeader(new string('m', length), length, new string('b', length), new string('c', length)).Write);
        yield return Frames.Make(FrameKind.Hello, new HelloHeader("grüße €", int.MaxValue).Write);
        foreach (int length in new[] { 0, 1, 15, 16, 200 })
        {
            float[] times = Floats(length);
            yield return Frames.Make(
                FrameKind.HelloAck, new HelloAckHeader(1, int.MaxValue, int.MaxValue, times, times) { DecodeMs = times }.Write);
        }
        foreach (ulong id in s_unsigned)
        {
            yield return Request(id);
            yield return Frames.Make(FrameKind.Ping, new PingHeader { Sequence = id }.Write);
            yield return Frames.Make(FrameKind.Error, new ErrorHeader { Code = ErrorCode.Unavailable, TaskId = id, Text = "" }.Write);
        }
        foreach (float value in s_floats) yield return Request(1, deadlineMs: value);
        foreach (int exits in new[] { 0, 15, 16 }) yield return Request(1, exits);
        yield return Request(1, cut: ushort.MaxValue, bottleneck: byte.MaxValue, encoding: byte.MaxValue);
        yield return Request(1, cut: int.MaxValue, encoding: 0);
        foreach (int value in s_signed) yield return Reply(value, 1);
        foreach (float value in s_floats) yield return Reply(1, value);
        foreach (int length in s_lengths)
        {
            var end = new ErrorHeader { Code = ErrorCode.BadFrame, Text = new string('x', length) };
            var refusal = new ErrorHeader { Code = ErrorCode.Late, TaskId = 9, Text = new string('€', length) };
            yield return Frames.Make(FrameKind.Error, end.Write);
            yield return Frames.Make(FrameKind.Error, refusal.Write);
        }
        string outsideThePlane = string.Concat(Enumerable.Repeat("😀", 300));
        yield return Frames.Make(FrameKind.Error, new ErrorHeader { Text = outsideThePlane, Times = Times(int.MaxValue, 1) }.Write);
    }

    static byte[] Request(
        ulong id, int exits = 2, float deadlineMs = 1000, int cut = 1, int bottleneck = 0, int encoding = (int)TensorEncoding.Float32) =>
        Frames.Make(FrameKind.Request, new RequestHeader
        {
            TaskId = id,
            Encoding = (TensorEncoding)encoding,
            DeadlineMs = deadlineMs,
            Policy = new ExitPolicy([.. Enumerable.Range(0, exits).Select(i => i / 16f)], cut, bottleneck: bottleneck),
        }.Write);

    static byte[] Reply(int value, float number) => Frames.Make(FrameKind.Reply, new ReplyHeader
    {
        TaskId = ulong.MaxValue,
        Answer = new TailAnswer(value, value, number, number),
        Times = Times(value, number),
    }.Write);

    static TransferTimes Times(int value, float number) => new()
    {
        ComputeMicros = value,
        QueueMicros = value,
        SpanMicros = value,
        SpanBytes = value,
        InFlight = value,
        BusyShare = number,
        Slowdown = number,
    };

    static float[] Floats(int count) => [.. Enumerable.Range(0, count).Select(i => i * 0.125f)];
}
