using EdgeML.Native.Codecs;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Payloads;
using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Client;
using EdgeML.Native.Offload.Server;
using EdgeML.Native.Offload.Transport;
using EdgeML.Native.Offload.Wire;
using EdgeML.Native.Policies;
using EdgeML.Native.Telemetry;
using EdgeML.Native.Tests.Inference.Sessions;
using EdgeML.Native.Tests.Offload.Client;
using EdgeML.Native.Tests.Offload.Server;
using EdgeML.Native.Tests.Offload.Transport;
using EdgeML.Native.Tests.Offload.Wire;
using EdgeML.Server.Configuration;
using EdgeML.Server.Connections;

namespace EdgeML.Native.Tests.Offload.Conversations;

/// <summary>Has a client and a tail of this build talk over memory, and keeps what they say.</summary>
static class ConversationRecorder
{
    const string Other = "sha256:other";
    const double Patient = 20_000;
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    /// <summary>A model with small tensors: floats that a bottleneck can carry at cut 1, integers at cut 2.</summary>
    public static ModelManifest Model { get; } = new()
    {
        Name = "talk",
        Hash = "sha256:talk",
        Input = new InputInfo([16], "float32", 1 / 255.0),
        Classes = FakeTail.Classes,
        Units = [
            new(1, "u1", 100, 32, [2, 2, 2]), new(2, "u2", 100, 12, [12]),
            new(3, "u3", 100, FakeTail.Classes * sizeof(float), [FakeTail.Classes])],
        Cuts = [new(0, 16, true, "input"), new(1, 32, true, "u1"), new(2, 12, true, "u2", "uint8"), new(3, 0, true, "")],
        Exits = [new ExitInfo(1, "exit1", 1, 0, 1), new ExitInfo(2, "exit2", 2, 0, 1), new ExitInfo(3, "logits", 3, 0, 0)],
    };

    static readonly BottleneckSet s_bottlenecks = new BottleneckSet
    {
        Model = Model.Hash,
        Items = [TestBottlenecks.Make(Model, seed: 1, cut: 1)],
    }.Sealed().Checked(Model);

    /// <summary>The tail of every conversation.</summary>
    public static FakeTail Tail() => new()
    {
        Manifest = Model,
        Bottlenecks = s_bottlenecks,
        Profile = new DeviceProfile { Device = "talk", UnitMs = [0.5, 1.25, 2], HeadMs = [0.25, 0.125], DecodeMs = [0.0625] },
    };

    /// <summary>A client that sends nothing by itself unless told to.</summary>
    public static TailClient Client(
        ITransport transport, string hash = "sha256:talk", Func<TailClientOptions, TailClientOptions>? change = null)
    {
        var options = new TailClientOptions
        {
            Host = "memory",
            Port = 1,
            PingInterval = TimeSpan.Zero,
            ProbeInterval = TimeSpan.Zero,
            FirstBackoff = TimeSpan.FromHours(1),
        };
        ModelManifest manifest = Model with { Hash = hash };
        return new TailClient(change?.Invoke(options) ?? options, manifest, () => transport, s_bottlenecks);
    }

    /// <summary>Every conversation, made now.</summary>
    public static IEnumerable<Conversation> Record()
    {
        yield return Talk("every cut and encoding", client =>
        {
            foreach (Task task in Task.All) task.Ask(client);
        });
        yield return Talk("older client: no bottlenecks, no digest of the cuts", [
            Frames.Hello(Model.Hash), Request(7, cut: 1, TensorEncoding.Float32, 32)], FrameKind.Reply);
        yield return Talk(
            "ping", null, options => options with { PingInterval = TimeSpan.FromMilliseconds(1), StallLimit = s_patience }, pongs: 1);
        yield return Talk(
            "probe", null, options => options with { ProbeInterval = s_patience, ProbeBytes = 48, StallLimit = s_patience }, pongs: 1);
        yield return Busy();
        yield return Late();
        yield return Failed();
        yield return Talk("another model", null, hash: Other);
        yield return Talk("another version", [.. Versioned()], FrameKind.Error);
        yield return Talk("no encoding in common", [Frames.Make(FrameKind.Hello, new HelloHeader(Model.Hash, 0).Write)], FrameKind.Error);
        yield return Talk("a cut that does not exist", [
            Frames.Hello(Model.Hash), Request(8, cut: 3, TensorEncoding.Float32, 16)], FrameKind.Error);
        yield return Talk("no frame", ["GET / HTTP/1.1\r\n\r\n"u8.ToArray()], FrameKind.Error);
        yield return Unavailable();
        yield return Leaving();
    }

    static IEnumerable<byte[]> Versioned()
    {
        byte[] hello = Frames.Hello(Model.Hash);
        hello[4] = 2;
        yield return hello;
    }

    static byte[] Request(ulong id, int cut, TensorEncoding encoding, int bytes) =>
        Frames.Make(FrameKind.Request, new RequestHeader
        {
            TaskId = id,
            Encoding = encoding,
            DeadlineMs = (float)Patient,
            Policy = new ExitPolicy([0.5f, 0.25f], cut),
        }.Write, Frames.Payload((int)id, bytes));

    static Conversation Busy()
    {
        using var release = new ManualResetEventSlim();
        FakeTail tail = Tail();
        tail.Running = _ => Assert.True(release.Wait(s_patience));
        return Talk("busy", client =>
        {
            ValueTask<TailReply> first = Task.All[0].Send(client, Patient), second = Task.All[1].Send(client, Patient);
            Assert.Equal(FallbackReason.Busy, second.AsTask().Result.Reason);
            release.Set();
            Assert.Equal(TailOutcome.Answered, first.AsTask().Result.Outcome);
        }, tail: tail, options: new TailServerOptions { MaxRequests = 1 });
    }

    static Conversation Late()
    {
        using var release = new ManualResetEventSlim();
        FakeTail tail = Tail();
        tail.Running = _ => Assert.True(release.Wait(s_patience));
        return Talk("late", client =>
        {
            ValueTask<TailReply> first = Task.All[0].Send(client, Patient), second = Task.All[1].Send(client, deadlineMs: 1e-6);
            Assert.Equal(TailOutcome.Late, second.AsTask().Result.Outcome);
            release.Set();
            Assert.Equal(TailOutcome.Answered, first.AsTask().Result.Outcome);
            Assert.True(client.WaitUntilUp(s_patience));
        }, change: options => options with { StallLimit = s_patience }, tail: tail);
    }

    static Conversation Failed()
    {
        FakeTail tail = Tail();
        tail.Running = _ => throw new InvalidOperationException("unit 2 broke");
        return Talk(
            "failed", client => Assert.Equal(TailOutcome.Refused, Task.All[0].Send(client, Patient).AsTask().Result.Outcome), tail: tail);
    }

    /// <summary>As a server does with one client too many.</summary>
    static Conversation Unavailable()
    {
        (MemoryTransport mine, MemoryTransport theirs) = MemoryTransport.Pair();
        using var tail = new DetachedTail(Tail());
        using var connection = tail.Connect(theirs);
        var recorded = new RecordingTransport(mine);
        using TailClient client = Client(recorded);
        connection.TurnAway("tail serves 64 connections, the limit");
        recorded.WaitFor(FrameKind.Error, 1, s_patience);
        return new Conversation("one client too many", recorded.Frames);
    }

    /// <summary>As a server does before it stops, while it computes.</summary>
    static Conversation Leaving()
    {
        using ManualResetEventSlim running = new(), release = new();
        FakeTail tail = Tail();
        tail.Running = _ =>
        {
            running.Set();
            Assert.True(release.Wait(s_patience));
        };
        using var served = new Served(tail, new TailServerOptions());
        using TailClient client = Client(served.Transport);
        Assert.True(client.WaitUntilUp(s_patience), client.LastFault);
        ValueTask<TailReply> reply = Task.All[0].Send(client, Patient);
        Assert.True(running.Wait(s_patience));
        served.AskToLeave("the tail stops");
        served.Transport.WaitFor(FrameKind.GoAway, 1, s_patience);
        release.Set();
        Assert.Equal(TailOutcome.Answered, reply.AsTask().Result.Outcome);
        return new Conversation("the tail leaves", [.. served.Transport.Frames.Take(5)]);
    }

    /// <summary>A client of this build with a tail of this build.</summary>
    static Conversation Talk(
        string name, Action<TailClient>? talk, Func<TailClientOptions, TailClientOptions>? change = null, string hash = "sha256:talk",
        int pongs = 0, FakeTail? tail = null, TailServerOptions? options = null)
    {
        using var served = new Served(tail ?? Tail(), options ?? new TailServerOptions());
        using TailClient client = Client(served.Transport, hash, change);
        if (hash == Other) served.Transport.WaitFor(FrameKind.Error, 1, s_patience);
        else Assert.True(client.WaitUntilUp(s_patience), client.LastFault);
        talk?.Invoke(client);
        served.Transport.WaitFor(FrameKind.Pong, pongs, s_patience);
        IReadOnlyList<RecordedFrame> frames = served.Transport.Frames;
        // A client that pings goes on doing so.
        return new Conversation(name, pongs == 0 ? frames : [.. frames.Take(2 + (2 * pongs))]);
    }

    /// <summary>Bytes of any kind with a tail of this build, which ends with a frame of a kind.</summary>
    static Conversation Talk(string name, byte[][] pieces, FrameKind last)
    {
        using var served = new Served(Tail(), new TailServerOptions());
        foreach (byte[] piece in pieces)
        {
            Assert.Equal(piece.Length, served.Transport.Send(piece));
            byte[] received = new byte[4096];
            if (piece != pieces[^1]) Assert.True(served.Transport.Receive(received, (int)s_patience.TotalMilliseconds) > 0);
        }
        byte[] answer = new byte[4096];
        Assert.True(served.Transport.Receive(answer, (int)s_patience.TotalMilliseconds) > 0);
        served.Transport.WaitFor(last, 1, s_patience);
        return new Conversation(name, served.Transport.Frames);
    }

    /// <summary>A tail's connection on a thread of its own.</summary>
    sealed class Served : IDisposable
    {
        readonly DetachedTail _tail;
        readonly ClientConnection _connection;
        readonly Thread _thread;

        public Served(FakeTail tail, TailServerOptions options)
        {
            (MemoryTransport mine, MemoryTransport theirs) = MemoryTransport.Pair();
            Transport = new RecordingTransport(mine);
            _tail = new DetachedTail(tail, options);
            _connection = _tail.Connect(theirs);
            _thread = new Thread(() => DetachedTail.Run(_connection)) { IsBackground = true };
            _thread.Start();
        }

        public RecordingTransport Transport { get; }

        public void AskToLeave(string reason) => _connection.AskToLeave(reason);

        public void Dispose()
        {
            Transport.Abort();
            _thread.Join();
            _connection.Dispose();
            _tail.Dispose();
        }
    }

    /// <summary>One request of a conversation.</summary>
    /// <param name="Cut">Of the model.</param>
    /// <param name="Encoding">One that exists there.</param>
    /// <param name="Bottleneck">Of the model.</param>
    internal sealed record Task(int Cut, TensorEncoding Encoding, int Bottleneck = 0)
    {
        /// <summary>Every cut and encoding of the model.</summary>
        public static IReadOnlyList<Task> All { get; } = [
            new(0, TensorEncoding.Bytes), new(0, TensorEncoding.Float32), new(0, TensorEncoding.Float16), new(0, TensorEncoding.Int8),
            new(1, TensorEncoding.Float32), new(1, TensorEncoding.Float16), new(1, TensorEncoding.Int8),
            new(1, TensorEncoding.Bottleneck, Bottleneck: 1), new(2, TensorEncoding.Quantised)];

        /// <summary>Sends it and waits for the answer.</summary>
        public void Ask(TailClient client)
        {
            float[] logits = new float[FakeTail.Classes];
            SendBuffer payload = Payload();
            TailReply reply = client.SendAndWait(Request(payload, Patient), logits);
            float[] expected = new float[FakeTail.Classes];
            Assert.Equal(TailOutcome.Answered, reply.Outcome);
            Assert.Equal(FakeTail.Expected(payload.Payload, Cut, expected, Model.Exits.Count), reply.Answer);
            Assert.Equal(expected, logits);
            GC.KeepAlive(payload);
        }

        /// <summary>Sends it.</summary>
        public ValueTask<TailReply> Send(TailClient client, double deadlineMs)
        {
            SendBuffer payload = Payload();
            ValueTask<TailReply> reply = client.SendAsync(Request(payload, deadlineMs), new float[FakeTail.Classes]);
            GC.KeepAlive(payload);
            return reply;
        }

        TailRequest Request(SendBuffer payload, double deadlineMs) => new()
        {
            Policy = new ExitPolicy([0.5f, 0.25f], Cut, bottleneck: Bottleneck),
            Encoding = Encoding,
            Payload = payload.Address,
            PayloadBytes = payload.Capacity,
            DeadlineMs = deadlineMs,
        };

        SendBuffer Payload()
        {
            var policy = new ExitPolicy([0.5f, 0.25f], Cut, bottleneck: Bottleneck);
            byte[] bytes = Frames.Payload((16 * Cut) + (int)Encoding, PayloadSize.Of(Model, s_bottlenecks, policy, Encoding));
            var buffer = new SendBuffer(bytes.Length);
            bytes.CopyTo(buffer.Payload);
            return buffer;
        }
    }
}
