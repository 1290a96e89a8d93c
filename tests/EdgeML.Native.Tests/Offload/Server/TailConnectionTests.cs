using System.Runtime.InteropServices;
using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Server;
using EdgeML.Native.Offload.Transport;
using EdgeML.Native.Offload.Wire;
using EdgeML.Native.Tests.Offload.Client;
using EdgeML.Native.Tests.Offload.Transport;
using EdgeML.Native.Tests.Offload.Wire;
using EdgeML.Server.Configuration;
using EdgeML.Server.Connections;

namespace EdgeML.Native.Tests.Offload.Server;

/// <summary>The tail's side of the protocol over a stream in memory.</summary>
public sealed class TailConnectionTests : IDisposable
{
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);
    readonly FakeTail _tail = new();
    readonly List<IDisposable> _owned = [];

    public void Dispose()
    {
        foreach (IDisposable owned in Enumerable.Reverse(_owned)) owned.Dispose();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(int.MaxValue)]
    public void Requests_InPiecesOfAnySize_AreAnsweredRight(int chunk)
    {
        Peer peer = Connect(new TailServerOptions(), chunk);
        peer.SayHello();
        for (int i = 1; i <= 20; i++)
        {
            byte[] payload = Frames.Payload(i);
            peer.Send(Frames.Request((ulong)i, payload));
            peer.ExpectAnswer((ulong)i, payload, cut: 1);
        }
        Assert.InRange(_tail.Slots, 1, 2);
    }

    [Fact]
    public void Requests_Pipelined_AreAnsweredOutOfOrderByTaskId()
    {
        using var release = new ManualResetEventSlim();
        _tail.Running = first =>
        {
            if (first == 1) Assert.True(release.Wait(s_patience));
        };
        Peer peer = Connect(new TailServerOptions { ComputeThreads = 2 });
        peer.SayHello();
        byte[] slow = Frames.Payload(1);
        slow[0] = 1;
        byte[] quick = Frames.Payload(2);
        quick[0] = 2;
        peer.Send([.. Frames.Request(1, slow), .. Frames.Request(2, quick)]);
        peer.ExpectAnswer(2, quick, cut: 1);
        release.Set();
        peer.ExpectAnswer(1, slow, cut: 1);
    }

    [Fact]
    public void Ping_WhileComputing_IsAnsweredAtOnce()
    {
        using var release = new ManualResetEventSlim();
        _tail.Running = _ => Assert.True(release.Wait(s_patience));
        Peer peer = Connect(new TailServerOptions());
        peer.SayHello();
        peer.Send([.. Frames.Request(1, Frames.Payload(1)), .. Frames.Ping(77, FrameKind.Probe, 5000)]);
        peer.Expect(FrameKind.Pong);
        Assert.Equal(77UL, PingHeader.Read(peer.Header).Sequence);
        release.Set();
        peer.ExpectAnswer(1, Frames.Payload(1), cut: 1);
    }

    [Fact]
    public void Request_ThatCannotBeInTime_IsRefusedBeforeItsPayloadIsKept()
    {
        using var started = new ManualResetEventSlim();
        using var release = new ManualResetEventSlim();
        int runs = 0;
        _tail.Running = _ =>
        {
            Interlocked.Increment(ref runs);
            started.Set();
            Assert.True(release.Wait(s_patience));
        };
        Peer peer = Connect(new TailServerOptions());
        peer.SayHello();
        peer.Send(Frames.Request(1, Frames.Payload(1)));
        Assert.True(started.Wait(s_patience));
        peer.Send([.. Frames.Request(2, Frames.Payload(2), deadlineMs: 0.001f), .. Frames.Ping(3)]);
        Assert.Equal(ErrorCode.Late, peer.ExpectError(2).Code);
        peer.Expect(FrameKind.Pong);
        release.Set();
        peer.ExpectAnswer(1, Frames.Payload(1), cut: 1);
        Assert.Equal(1, runs);
    }

    [Fact]
    public void Requests_BeyondTheLimit_AreRefusedAsBusy()
    {
        using var release = new ManualResetEventSlim();
        _tail.Running = _ => Assert.True(release.Wait(s_patience));
        Peer peer = Connect(new TailServerOptions { MaxRequests = 1 });
        peer.SayHello();
        peer.Send([.. Frames.Request(1, Frames.Payload(1)), .. Frames.Request(2, Frames.Payload(2))]);
        Assert.Equal(ErrorCode.Busy, peer.ExpectError(2).Code);
        release.Set();
        peer.ExpectAnswer(1, Frames.Payload(1), cut: 1);
    }

    [Fact]
    public void Request_WhoseModelFails_IsRefusedAndTheNextAnswered()
    {
        _tail.Running = first =>
        {
            if (first == 1) throw new InvalidOperationException("unit 2 broke");
        };
        Peer peer = Connect(new TailServerOptions());
        peer.SayHello();
        byte[] bad = Frames.Payload(1);
        bad[0] = 1;
        byte[] good = Frames.Payload(2);
        good[0] = 2;
        peer.Send([.. Frames.Request(1, bad), .. Frames.Request(2, good)]);
        Assert.Equal(ErrorCode.Failed, peer.ExpectError(1).Code);
        peer.ExpectAnswer(2, good, cut: 1);
    }

    [Fact]
    public void Load_Emulated_SlowsComputing()
    {
        _tail.Running = _ => Thread.SpinWait(2000);
        Peer peer = Connect(new TailServerOptions { LoadFactor = () => 50 });
        peer.SayHello();
        peer.Send(Frames.Ping(1));
        peer.Expect(FrameKind.Pong);
        Assert.Equal(50, PingHeader.Read(peer.Header).Times.Slowdown);
    }

    [Theory]
    [InlineData("model", nameof(ErrorCode.Model), "client holds model sha256:other, the tail holds sha256:fake")]
    [InlineData("version", nameof(ErrorCode.Version), "peer speaks protocol version 2, this side speaks 1")]
    [InlineData("garbage", nameof(ErrorCode.BadFrame), "frame begins with")]
    [InlineData("early request", nameof(ErrorCode.BadFrame), "connection begins with a Request frame, not with Hello")]
    [InlineData("cut", nameof(ErrorCode.BadFrame), "cut 3 in encoding 1 does not exist in model fake")]
    [InlineData("size", nameof(ErrorCode.BadFrame), "cut 2 in Float32 takes 65536 bytes, the payload has 128")]
    [InlineData("flood", nameof(ErrorCode.BadFrame), "client has 3 requests unanswered, the limit is 2")]
    [InlineData("reply", nameof(ErrorCode.BadFrame), "client sent a Reply frame")]
    public void Client_ThatBreaksARule_IsToldAndCutOff(string rule, string code, string reason)
    {
        using var release = new ManualResetEventSlim();
        _tail.Running = _ => Assert.True(release.Wait(s_patience));
        byte[] version = Frames.Hello();
        version[4] = 2;
        Peer peer = Connect(new TailServerOptions { Limits = new ProtocolLimits { MaxInFlight = 2 } });
        byte[] request = Frames.Request(1, Frames.Payload(1));
        byte[][] frames = rule switch
        {
            "model" => [Frames.Hello("sha256:other")],
            "version" => [version],
            "garbage" => ["GET / HTTP/1.1\r\n\r\n"u8.ToArray()],
            "early request" => [request],
            "cut" => [Frames.Hello(), Frames.Request(1, Frames.Payload(1), cut: 3)],
            "size" => [Frames.Hello(), Frames.Request(1, Frames.Payload(1), cut: 2)],
            "flood" => [Frames.Hello(), request, request, request],
            _ => [Frames.Hello(), Frames.Reply(1, default(TailAnswer) with { Exit = 1 }, new byte[16])],
        };
        peer.Send([.. frames.SelectMany(frame => frame)]);
        if (frames.Length > 1) peer.Expect(FrameKind.HelloAck);
        ErrorHeader error = peer.ExpectError(0);
        Assert.Equal(code, error.Code.ToString());
        Assert.Contains(reason, error.Text);
        release.Set();
        if (rule == "flood") peer.SkipFrames(2);
        Assert.False(peer.Next());
        Assert.True(peer.Server.Join(s_patience));
        Assert.Contains(reason, peer.Connection.Fault);
    }

    [Fact]
    public void Client_ThatEndsInsideAFrame_IsAFault()
    {
        Peer peer = Connect(new TailServerOptions());
        peer.SayHello();
        peer.Send(Frames.Request(1, Frames.Payload(1)).AsSpan()[..^1]);
        peer.Transport.EndSend();
        Assert.True(peer.Server.Join(s_patience));
        Assert.Equal("connection ended inside a payload of 128 bytes", peer.Connection.Fault);
    }

    [Fact]
    public void Client_ThatSaysNothing_IsCutOffByEachDeadline()
    {
        var limits = new ProtocolLimits
        {
            HandshakeDeadline = TimeSpan.FromMilliseconds(30),
            HeaderDeadline = TimeSpan.FromMilliseconds(30),
            IdleDeadline = TimeSpan.FromMilliseconds(30)
        };
        foreach ((byte[] bytes, string fault) in new[]
        {
            (Array.Empty<byte>(), "no hello within 30 ms"),
            (Frames.Hello()[..20], "no hello within 30 ms"),
            (Frames.Hello(), "no frame for 30 ms"),
            ([.. Frames.Hello(), 0x45], "header not complete after 30 ms"),
        })
        {
            Peer peer = Connect(new TailServerOptions { Limits = limits });
            peer.Send(bytes);
            Assert.True(peer.Server.Join(s_patience));
            Assert.Equal(fault, peer.Connection.Fault);
        }
    }

    [Fact]
    public void Finish_WithARequestBeingComputed_AnswersItFirst()
    {
        using var started = new ManualResetEventSlim();
        using var release = new ManualResetEventSlim();
        _tail.Running = _ =>
        {
            started.Set();
            Assert.True(release.Wait(s_patience));
        };
        Peer peer = Connect(new TailServerOptions());
        peer.SayHello();
        peer.Send(Frames.Request(1, Frames.Payload(1)));
        Assert.True(started.Wait(s_patience));
        peer.Connection.Finish();
        release.Set();
        peer.ExpectAnswer(1, Frames.Payload(1), cut: 1);
        Assert.False(peer.Next());
        Assert.True(peer.Server.Join(s_patience));
        Assert.Null(peer.Connection.Fault);
    }

    Peer Connect(TailServerOptions options, int chunk = int.MaxValue)
    {
        var served = new DetachedTail(_tail, options);
        var peer = new Peer(served, chunk);
        _owned.Add(served);
        _owned.Add(peer);
        return peer;
    }

    sealed class Peer : IDisposable
    {
        readonly FrameInput _input;

        public Peer(DetachedTail tail, int chunk)
        {
            (MemoryTransport mine, MemoryTransport theirs) = MemoryTransport.Pair(chunk: chunk);
            Transport = mine;
            _input = new FrameInput(mine, new ProtocolLimits());
            Connection = tail.Connect(theirs);
            Server = new Thread(() => DetachedTail.Run(Connection)) { IsBackground = true };
            Server.Start();
        }

        public MemoryTransport Transport { get; }

        public ClientConnection Connection { get; }

        public Thread Server { get; }

        public ReadOnlyMemory<byte> Header => _input.Header;

        public void Send(ReadOnlySpan<byte> frame)
        {
            while (frame.Length > 0) frame = frame[Transport.Send(frame)..];
        }

        public bool Next() => _input.ReadHead(s_patience, s_patience);

        public void SkipFrames(int count)
        {
            for (; count > 0; count--)
            {
                Assert.True(Next());
                _input.SkipPayload(s_patience);
            }
        }

        public void Expect(FrameKind kind)
        {
            Assert.True(Next());
            Assert.Equal(kind, _input.Prelude.Kind);
        }

        public void SayHello()
        {
            Send(Frames.Hello());
            Expect(FrameKind.HelloAck);
            HelloAckHeader ack = HelloAckHeader.Read(Header);
            Assert.Equal([1f, 2f, 3f], ack.UnitMs);
            Assert.Equal([0.5f], ack.HeadMs);
        }

        public void ExpectAnswer(ulong id, byte[] payload, int cut)
        {
            Expect(FrameKind.Reply);
            ReplyHeader reply = ReplyHeader.Read(Header);
            float[] logits = new float[FakeTail.Classes];
            _input.ReadPayload(MemoryMarshal.AsBytes(logits.AsSpan()), s_patience);
            float[] expected = new float[FakeTail.Classes];
            Assert.Equal(FakeTail.Expected(payload, cut, expected), reply.Answer);
            Assert.Equal(expected, logits);
            Assert.Equal(id, reply.TaskId);
        }

        public ErrorHeader ExpectError(ulong id)
        {
            Expect(FrameKind.Error);
            ErrorHeader error = ErrorHeader.Read(Header);
            Assert.Equal(id, error.TaskId);
            return error;
        }

        public void Dispose()
        {
            Transport.Abort();
            Server.Join();
            _input.Dispose();
            Connection.Dispose();
        }
    }
}
