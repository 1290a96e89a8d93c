using System.Diagnostics;
using EdgeML.Native.Codecs;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Client;
using EdgeML.Native.Offload.Wire;
using EdgeML.Native.Policies;
using EdgeML.Native.Telemetry;
using EdgeML.Native.Tests.Offload.Client;
using EdgeML.Native.Tests.Offload.Wire;

namespace EdgeML.Fuzz.Targets;

/// <summary>Whole conversations of an edge with a tail, over memory: the input is what the tail sends, while three tasks and a ping are on
/// the way.</summary>
/// <remarks>Held against it: an answer that is believed is one that the exit may give; the measurements of the link are numbers that a link
/// can have; only faults of a link end it.</remarks>
static class ClientTarget
{
    const int Tasks = 3;

    static readonly ModelManifest s_manifest = FakeTail.Model("sha256:fake");

    static readonly TailClientOptions s_options = new()
    {
        Host = "memory",
        Port = 1,
        Limits = new ProtocolLimits { MaxPayloadBytes = 1 << 20, MaxHeaderBytes = 1024, MaxInFlight = Tasks },
    };

    public static FuzzTarget Target { get; } = new("client", "conversations of an edge with a tail", 50_000, Read, Seeds)
    {
        MostAllocated = 512 << 10,
        AllocatedPerByte = 64,
    };

    static bool Read(ReadOnlyMemory<byte> data)
    {
        var input = new WireBytes(data);
        var state = new LinkState(s_options, s_manifest.Classes);
        int contradictions = 0;
        var replies = new LinkReplies(state, s_manifest, s_options.Limits, (_, _) => contradictions++);
        using var link = new TailLink(new PieceTransport(input.Bytes, input.Piece), s_options.Limits);
        List<RequestSlot> slots = [];
        int frames = 0;
        try
        {
            link.SayHello(s_manifest, "", s_options.Limits);
            slots = Begin(state, replies, link);
            while (link.Input.ReadHead(Timeout.InfiniteTimeSpan, TimeSpan.FromHours(1)))
            {
                replies.Handle(link);
                frames++;
                Check(state.Meter.Snapshot(up: true));
            }
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            // The link ends, and tasks are answered on the edge.
        }
        List<RequestSlot> told = [];
        lock (state.Gate) state.Tasks.EndAll(link, told);
        FindException.Require(state.Tasks.OnWire == 0, $"{state.Tasks.OnWire} tasks stay on the way");
        int answered = 0;
        foreach (RequestSlot slot in slots)
        {
            FindException.Require(!slot.CallerWaits, "a task never ends");
            if (slot.Reply.Outcome != TailOutcome.Answered) continue;
            answered++;
            Check(slot);
        }
        FindException.Require(contradictions == state.Contradictions, $"{contradictions} of {state.Contradictions} contradictions are told");
        return frames > 0;
    }

    static List<RequestSlot> Begin(LinkState state, LinkReplies replies, TailLink link)
    {
        var slots = new List<RequestSlot>();
        lock (state.Gate)
        {
            replies.Reset(link.Profile());
            state.Open(link);
            for (int i = 0; i < Tasks; i++)
            {
                var request = new TailRequest { Policy = new ExitPolicy([i == 1 ? 0.5f : 0f], i % 2), Encoding = TensorEncoding.Float32, DeadlineMs = 1e9 };
                RequestSlot slot = state.Tasks.Begin(link, state.NextSequence(), request, default, default)!;
                slot.Expect(isAsync: false, callerReads: false);
                slot.FrameBytes = 4000;
                slots.Add(slot);
            }
            state.Probe.Begin(state.NextSequence(), 4096);
        }
        return slots;
    }

    static void Check(RequestSlot slot)
    {
        TailAnswer answer = slot.Reply.Answer;
        bool inModel = answer.Exit >= 1 && answer.Exit <= s_manifest.Exits.Count && answer.Class >= 0 && answer.Class < s_manifest.Classes;
        bool mayExit = answer.Exit > s_manifest.SideExits || slot.Policy.Thresholds[answer.Exit - 1] > 0;
        bool areNumbers = slot.Reply.InvalidLogits || (answer.Entropy is >= 0 and <= 1 && answer.Confidence is >= 0 and <= 1);
        FindException.Require(inModel && mayExit && areNumbers, $"the answer {answer} is believed");
        FindException.Require(slot.Reply.TailMs >= 0 && slot.Reply.QueueMs >= 0, $"{slot.Reply.TailMs} ms on the tail, {slot.Reply.QueueMs} ms waiting");
    }

    static void Check(in LinkSnapshot link)
    {
        Positive(link.RateBitsPerSecond, "rate");
        Positive(link.RttMs, "round trip");
        Positive(link.TailFactor, "tail factor");
        FindException.Require(double.IsFinite(link.TailQueueMs) && link.TailQueueMs >= 0, $"the tail's queue is {link.TailQueueMs} ms");
    }

    static void Positive(double value, string what) =>
        FindException.Require(double.IsNaN(value) || (double.IsFinite(value) && value > 0), $"the {what} is {value}");

    static IEnumerable<(string, byte[])> Seeds()
    {
        // Ids as the tasks get them: a sequence and a slot, the last slot first.
        ulong[] ids = [(1UL << 8) | 2, (2UL << 8) | 1, 3UL << 8];
        byte[] ack = ServerTarget.Answer(Frames.Hello());
        byte[] logits = new byte[FakeTail.Classes * sizeof(float)];
        logits[7] = 0x40;
        byte[] Reply(ulong id, int exit) => Frames.Reply(id, new TailAnswer(exit, 1, 0.25f, 0.5f), logits);
        yield return ("answers", [0, .. ack, .. Reply(ids[1], 1), .. Reply(ids[0], 2), .. Frames.Ping(4, FrameKind.Pong), .. Frames.Error(ids[2], ErrorCode.Busy)]);
        yield return ("recorded", [0, .. ServerTarget.Answer([.. Frames.Hello(), .. Frames.Request(ids[0], new byte[256], cut: 0), .. Frames.Ping(4), .. Frames.Request(ids[1], Frames.Payload(2))])]);
        yield return ("contradicts", [0, .. ack, .. Reply(ids[0], 1), .. Reply(ids[0], 1)]);
        yield return ("refused", [0, .. ServerTarget.Answer(Frames.Hello("sha256:other"))]);
        yield return ("leaves", [8, .. ack, .. Frames.Error(0, ErrorCode.Unavailable)]);
    }
}
