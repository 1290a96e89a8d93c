using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Transport;
using EdgeML.Native.Offload.Wire;
using EdgeML.Native.Tests.Offload.Wire;
using EdgeML.Server.Transport;

namespace EdgeML.Fuzz.Targets;

/// <summary>The two readers of frames, the server's and the client's, on the same bytes: they find the same frames and refuse the same
/// ones.</summary>
static class FrameTarget
{
    const int Kept = 1 << 16;

    static readonly ProtocolLimits s_limits = new() { MaxPayloadBytes = 1 << 20, MaxHeaderBytes = 1024 };

    public static FuzzTarget Target { get; } = new("frames", "frames, by the server's reader and by the client's", 100_000, Read, Seeds)
    {
        MostAllocated = 512 << 10,
        AllocatedPerByte = 64,
    };

    /// <summary>Frames of every kind that a client sends.</summary>
    internal static byte[] Conversation() =>
    [
        .. Frames.Hello(), .. Frames.Request(5, Frames.Payload(1)), .. Frames.Ping(3), .. Frames.Ping(4, FrameKind.Probe, 40),
        .. Frames.Request(6, Frames.Payload(2)),
    ];

    static bool Read(ReadOnlyMemory<byte> data)
    {
        var input = new WireBytes(data);
        bool keep = (input.Choices & 0x10) == 0;
        List<string> server = Serve(input, keep), client = Receive(input, keep);
        FindException.Require(
            server.SequenceEqual(client), $"the server reads {string.Join("; ", server)}, the client {string.Join("; ", client)}");
        return server.Count > 1;
    }

    static List<string> Receive(in WireBytes input, bool keep)
    {
        var found = new List<string>();
        using var reader = new FrameInput(new PieceTransport(input.Bytes, input.Piece), s_limits);
        try
        {
            while (reader.ReadHead(Timeout.InfiniteTimeSpan, TimeSpan.FromHours(1)))
            {
                byte[] payload = [];
                if (keep && reader.Prelude.PayloadBytes <= Kept) reader.ReadPayload(payload = new byte[reader.Prelude.PayloadBytes], TimeSpan.FromHours(1));
                else reader.SkipPayload(TimeSpan.FromHours(1));
                found.Add(Text(reader.Prelude, reader.Header, payload));
            }
            found.Add("end");
        }
        catch (Exception e) when (e is InvalidDataException or ProtocolVersionException)
        {
            found.Add($"{e.GetType().Name} {e.Message}");
        }
        return found;
    }

    static List<string> Serve(in WireBytes input, bool keep)
    {
        var found = new List<string>();
        using var stream = new PieceStream(new PieceTransport(input.Bytes, input.Piece == int.MaxValue ? 5 : int.MaxValue));
        using var reader = new FrameReader(stream, s_limits);
        try
        {
            while (true)
            {
                if (!reader.TryReadHead())
                {
                    if (Done(reader.FillAsync(wait: true))) continue;
                    break;
                }
                // The header is valid until the payload is read.
                (byte[] header, byte[] payload) = (reader.Header.ToArray(), []);
                if (keep && reader.Prelude.PayloadBytes <= Kept)
                    Done(reader.ReadPayloadAsync(payload = new byte[reader.Prelude.PayloadBytes], long.MaxValue));
                else Done(reader.SkipPayloadAsync());
                found.Add(Text(reader.Prelude, header, payload));
            }
            found.Add("end");
        }
        catch (Exception e) when (e is InvalidDataException or ProtocolVersionException)
        {
            found.Add($"{e.GetType().Name} {e.Message}");
        }
        return found;
    }

    static T Done<T>(ValueTask<T> task) => task.IsCompleted ? task.GetAwaiter().GetResult() : throw new FindException("a stream that has everything is waited for");

    static void Done(ValueTask task)
    {
        FindException.Require(task.IsCompleted, "a stream that has everything is waited for");
        task.GetAwaiter().GetResult();
    }

    static string Text(in FramePrelude prelude, ReadOnlyMemory<byte> header, byte[] payload) =>
        $"{prelude.Kind} {prelude.HeaderBytes}+{prelude.PayloadBytes} {Crc(header.Span):x} {Crc(payload):x}";

    static uint Crc(ReadOnlySpan<byte> bytes) => Crc32C.Finish(Crc32C.Append(Crc32C.Start, bytes));

    static IEnumerable<(string, byte[])> Seeds()
    {
        yield return ("conversation", [0, .. Conversation()]);
        yield return ("by-bytes", [2, .. Frames.Hello(), .. Frames.Ping(3)]);
        yield return ("skipped", [0x10 | 8, .. Frames.Request(5, Frames.Payload(1)), .. Frames.HelloAck()]);
        yield return ("unmended", [1, .. Frames.Error(7, ErrorCode.Busy), .. Frames.Reply(9, new TailAnswer(2, 1, 0.25f, 0.5f), new byte[16])]);
        yield return ("version", [1, .. Frames.Ping(3)[..4], 2, .. Frames.Ping(3)[5..]]);
    }
}
