using System.Buffers;
using System.Runtime.InteropServices;
using EdgeML.Native.Offload.Server;
using EdgeML.Native.Offload.Wire;
using EdgeML.Native.Telemetry;
using EdgeML.Native.Tests.Offload.Client;
using EdgeML.Native.Tests.Offload.Wire;
using EdgeML.Server.Configuration;
using EdgeML.Server.Connections;
using EdgeML.Server.Requests;

namespace EdgeML.Fuzz.Targets;

/// <summary>Whole conversations with a tail server, over memory: the input is what a client sends.</summary>
/// <remarks>Held against it: every byte that the server sends is a frame that a client reads; a task is answered at most as often as it was
/// asked, and with its own answer; nothing stays behind; no exception but for bad input ends a connection.</remarks>
static class ServerTarget
{
    /// <summary>Only a conversation that never ends takes so long.</summary>
    static readonly TimeSpan s_never = TimeSpan.FromMinutes(1);

    static readonly Native.Offload.ProtocolLimits s_limits = new() { MaxPayloadBytes = 1 << 20, MaxHeaderBytes = 1024 };
    static readonly BackgroundFaults s_faults = new();
    static readonly Lazy<ConnectionServices> s_services = new(() =>
    {
        var services = new ConnectionServices(new TailServerOptions { Limits = s_limits, BlockingThreads = 0 }, s_faults, () => 1);
        services.Models.Swap(null, new ServedModel(new FakeTail(), services.Staging));
        return services;
    });

    public static FuzzTarget Target { get; } = new("server", "conversations of a client with a tail", 30_000, Read, Seeds)
    {
        MostAllocated = 1 << 20,
        AllocatedPerByte = 64,
    };

    /// <summary>The bytes that a server answers to a client's.</summary>
    internal static byte[] Answer(byte[] client, int piece = int.MaxValue)
    {
        var transport = new PieceTransport(client, piece);
        using var connection = new ClientConnection(new PieceStream(transport), s_services.Value);
        FindException.Require(connection.RunAsync().Wait(s_never), "a conversation does not end");
        lock (transport) return [.. transport.Sent];
    }

    static bool Read(ReadOnlyMemory<byte> data)
    {
        var input = new WireBytes(data);
        byte[] sent = Answer(input.Bytes, input.Piece);
        ConnectionServices services = s_services.Value;
        FindException.Require(services.Compute.InFlight == 0, $"{services.Compute.InFlight} requests stay behind");
        FindException.Require(services.Staging.Held <= services.Staging.Most, $"{services.Staging.Held} bytes of payloads are held");
        FindException.Require(s_faults.Count == 0, $"{s_faults.Count} exceptions on the server's threads");
        return Check(input.Bytes, sent) > 0;
    }

    /// <summary>Reads what the server sent.</summary>
    /// <returns>How many frames.</returns>
    static int Check(byte[] client, ReadOnlyMemory<byte> sent)
    {
        var asked = new Dictionary<ulong, List<ReadOnlyMemory<byte>>>();
        foreach ((FrameKind kind, ReadOnlyMemory<byte> header, ReadOnlyMemory<byte> payload) in WireBytes.Frames(client))
        {
            if (kind != FrameKind.Request || TryRead(header) is not { } request) continue;
            if (!asked.TryGetValue(request.TaskId, out List<ReadOnlyMemory<byte>>? same)) asked[request.TaskId] = same = [];
            same.Add(Expected(payload, request.Policy.Cut));
        }
        int frames = 0;
        while (!sent.IsEmpty)
        {
            bool isWhole = FrameParser.TryRead(new ReadOnlySequence<byte>(sent), s_limits, out FramePrelude prelude, out _);
            int length = FramePrelude.Bytes + prelude.HeaderBytes + prelude.PayloadBytes;
            FindException.Require(isWhole && length <= sent.Length, $"the server sends {sent.Length} bytes that are no whole frame");
            ReadOnlyMemory<byte> header = sent.Slice(FramePrelude.Bytes, prelude.HeaderBytes);
            ReadOnlyMemory<byte> payload = sent.Slice(FramePrelude.Bytes + prelude.HeaderBytes, prelude.PayloadBytes);
            Check(asked, prelude.Kind, header, payload);
            frames++;
            sent = sent[length..];
        }
        return frames;
    }

    static void Check(
        Dictionary<ulong, List<ReadOnlyMemory<byte>>> asked, FrameKind kind, ReadOnlyMemory<byte> header, ReadOnlyMemory<byte> payload)
    {
        switch (kind)
        {
            case FrameKind.HelloAck: HelloAckHeader.Read(header); break;
            case FrameKind.Pong: PingHeader.Read(header); break;
            case FrameKind.Error when ErrorHeader.Read(header) is var error:
                FindException.Require(error.Code != ErrorCode.Failed, $"an exception ends a connection or a request: {error.Text}");
                if (error.TaskId != 0)
                    FindException.Require(asked.GetValueOrDefault(error.TaskId) is { Count: > 0 }, $"task {error.TaskId} is refused, but was not asked");
                if (error.TaskId != 0) asked[error.TaskId].RemoveAt(0);
                break;
            case FrameKind.Reply when ReplyHeader.Read(header) is var reply:
                int which = asked.GetValueOrDefault(reply.TaskId)?.FindIndex(each => each.Span.SequenceEqual(payload.Span)) ?? -1;
                FindException.Require(which >= 0, $"task {reply.TaskId} has an answer that is not its own, or one too many");
                asked[reply.TaskId].RemoveAt(which);
                break;
            default: throw new FindException($"the server sends a {kind} frame");
        }
    }

    static RequestHeader? TryRead(ReadOnlyMemory<byte> header)
    {
        try
        {
            return RequestHeader.Read(header);
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    static byte[] Expected(ReadOnlyMemory<byte> payload, int cut)
    {
        var logits = new float[FakeTail.Classes];
        FakeTail.Expected(payload.Span, cut, logits);
        return MemoryMarshal.AsBytes(logits.AsSpan()).ToArray();
    }

    static IEnumerable<(string, byte[])> Seeds()
    {
        yield return ("conversation", [0, .. FrameTarget.Conversation()]);
        yield return ("pieces", [8, .. Frames.Hello(), .. Frames.Request(1, Frames.Payload(3)), .. Frames.Request(1, Frames.Payload(4))]);
        yield return ("other-model", [0, .. Frames.Hello("sha256:other")]);
        yield return ("input", [0, .. Frames.Hello(), .. Frames.Request(9, new byte[256], cut: 0)]);
        yield return ("late", [0, .. Frames.Hello(), .. Frames.Request(9, Frames.Payload(5), deadlineMs: 0)]);
    }
}
