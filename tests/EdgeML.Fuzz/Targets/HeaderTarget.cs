using EdgeML.Native.Codecs;
using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Wire;
using EdgeML.Native.Policies;

namespace EdgeML.Fuzz.Targets;

/// <summary>Every header: a byte that names the kind of the frame, then the header. A header that is read is written and read again.</summary>
static class HeaderTarget
{
    const int HelloBytes = 1100, AckBytes = 64 + (3 * 1024 * 5);

    delegate int Writer<T>(in T header, Span<byte> destination);

    public static FuzzTarget Target { get; } = new("headers", "headers of the protocol", 200_000, Read, Seeds)
    {
        MostBytes = 8193,
        MostAllocated = 64 << 10,
        AllocatedPerByte = 32,
    };

    static bool Read(ReadOnlyMemory<byte> data)
    {
        if (data.IsEmpty) return false;
        ReadOnlyMemory<byte> header = data[1..];
        switch ((FrameKind)(1 + (data.Span[0] % 9)))
        {
            case FrameKind.Hello: Again(header, HelloHeader.Read, (in HelloHeader h, Span<byte> to) => h.Write(to), HelloBytes, (a, b) => a == b); break;
            case FrameKind.HelloAck: Again(header, HelloAckHeader.Read, (in HelloAckHeader h, Span<byte> to) => h.Write(to), AckBytes, Same); break;
            case FrameKind.Request:
                Again(header, RequestHeader.Read, (in RequestHeader h, Span<byte> to) => h.Write(to), RequestHeader.MaxBytes, Same);
                break;
            case FrameKind.Reply: Again(header, ReplyHeader.Read, (in ReplyHeader h, Span<byte> to) => h.Write(to), ReplyHeader.MaxBytes, Same); break;
            case FrameKind.Error: Again(header, ErrorHeader.Read, (in ErrorHeader h, Span<byte> to) => h.Write(to), ErrorHeader.MaxBytes, Same); break;
            case FrameKind.GoAway: Again(header, GoAwayHeader.Read, (in GoAwayHeader h, Span<byte> to) => h.Write(to), GoAwayHeader.MaxBytes, Same); break;
            default: Again(header, PingHeader.Read, (in PingHeader h, Span<byte> to) => h.Write(to), PingHeader.MaxBytes, Same); break;
        }
        return true;
    }

    static void Again<T>(ReadOnlyMemory<byte> header, Func<ReadOnlyMemory<byte>, T> read, Writer<T> write, int most, Func<T, T, bool> same)
    {
        T first = read(header), second;
        byte[] once = new byte[most], twice = new byte[most];
        int bytes = write(first, once);
        try
        {
            second = read(once.AsMemory(0, bytes));
        }
        catch (InvalidDataException e)
        {
            throw new FindException($"{typeof(T).Name} is read, but not as it is written: {e.Message}", e);
        }
        FindException.Require(same(first, second), $"{typeof(T).Name} is read as {first}, written and read as {second}");
        int again = write(second, twice);
        FindException.Require(once.AsSpan(0, bytes).SequenceEqual(twice.AsSpan(0, again)), $"{typeof(T).Name} is written in two ways");
    }

    static bool Same(HelloAckHeader a, HelloAckHeader b) =>
        (a.MaxInFlight, a.MaxPayloadBytes, a.Encodings) == (b.MaxInFlight, b.MaxPayloadBytes, b.Encodings)
        && a.UnitMs.SequenceEqual(b.UnitMs) && a.HeadMs.SequenceEqual(b.HeadMs) && a.DecodeMs.SequenceEqual(b.DecodeMs);

    static bool Same(RequestHeader a, RequestHeader b) =>
        a.TaskId == b.TaskId && a.Encoding == b.Encoding && a.DeadlineMs == b.DeadlineMs && a.Policy == b.Policy && a.Streak == b.Streak;

    static bool Same(ReplyHeader a, ReplyHeader b) =>
        a.TaskId == b.TaskId && a.Answer == b.Answer && a.HasInvalidLogits == b.HasInvalidLogits && a.Times.Equals(b.Times);

    // A text that grew when its bytes were made valid is cut off.
    static bool Same(ErrorHeader a, ErrorHeader b) =>
        a.TaskId == b.TaskId && a.Code == b.Code && a.Times.Equals(b.Times) && a.Text.StartsWith(b.Text, StringComparison.Ordinal);

    static bool Same(GoAwayHeader a, GoAwayHeader b) => a.Text.StartsWith(b.Text, StringComparison.Ordinal);

    static bool Same(PingHeader a, PingHeader b) => a.Sequence == b.Sequence && a.Times.Equals(b.Times);

    static IEnumerable<(string, byte[])> Seeds()
    {
        var times = new TransferTimes { ComputeMicros = 963, QueueMicros = 488, SpanMicros = 70_000, SpanBytes = 300, InFlight = 2, BusyShare = 0.5f, Slowdown = 1.25f };
        yield return Seed("hello", FrameKind.Hello, new HelloHeader("sha256:ab+01", 126, "7fd9", "1796").Write);
        yield return Seed("hello-old", FrameKind.Hello, new HelloHeader("sha256:ab", 14).Write);
        yield return Seed("ack", FrameKind.HelloAck, new HelloAckHeader(16, 64 << 20, 126, [0.5f, 1.25f, 2], [0.25f]) { DecodeMs = [0.0625f] }.Write);
        yield return Seed("request", FrameKind.Request, new RequestHeader { TaskId = 271, Encoding = TensorEncoding.Int8, DeadlineMs = 20, Policy = new ExitPolicy([0.5f, 0], 1, bottleneck: 3) }.Write);
        yield return Seed("reply", FrameKind.Reply, new ReplyHeader { TaskId = 1UL << 40, Answer = new TailAnswer(2, 1, 0.25f, 0.5f), Times = times, HasInvalidLogits = true }.Write);
        yield return Seed("error-task", FrameKind.Error, new ErrorHeader { TaskId = 271, Code = ErrorCode.Late, Text = "", Times = times }.Write);
        yield return Seed("error", FrameKind.Error, new ErrorHeader { Code = ErrorCode.Unavailable, Text = "tail is shutting down \u00e4" }.Write);
        yield return Seed("ping", FrameKind.Ping, new PingHeader { Sequence = 77, Times = times }.Write);
        yield return Seed("hello-go-away", FrameKind.Hello, new HelloHeader("sha256:ab", 14, Understands: HelloHeader.UnderstandsGoAway).Write);
        yield return Seed("go-away", FrameKind.GoAway, new GoAwayHeader("the tail stops").Write);
        // Keys of a later version: containers, an extension, a string.
        yield return ("later", [(byte)(FrameKind.Hello - 1), 0x84, 0, 0xa1, (byte)'a', 1, 2, 9, 0x92, 0x81, 1, 0xc0, 0xc3, 10, 0xd6, 1, 1, 2, 3, 4]);
    }

    static (string, byte[]) Seed(string name, FrameKind kind, Native.Tests.Offload.Wire.Frames.HeaderWriter write)
    {
        byte[] memory = new byte[1024];
        int bytes = write(memory);
        return (name, [(byte)(kind - 1), .. memory.AsSpan(0, bytes)]);
    }
}
