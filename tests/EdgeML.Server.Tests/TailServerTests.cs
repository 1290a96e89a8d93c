using System.Diagnostics;
using EdgeML.Native.Codecs;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Wire;
using EdgeML.Native.Policies;
using EdgeML.Native.Tests.Offload.Client;
using EdgeML.Native.Tests.Offload.Wire;
using EdgeML.Server.Configuration;
using EdgeML.Server.Tests.Connections;

namespace EdgeML.Server.Tests;

/// <summary>What devices do to each other through one server.</summary>
public class TailServerTests
{
    const int LargeBytes = 65536;

    [Fact]
    public void Clients_ThatStopInMidPayload_DenyNobodyTheTail()
    {
        using var server = new TailServer(new FakeTail(), new TailServerOptions());
        using var good = new Peer(server.EndPoint).SayHello();
        byte[] begun = Frames.Request(1, Frames.Payload(1, LargeBytes), cut: 2, deadlineMs: 60_000)[..30_000];
        var stopped = new List<Peer>();
        try
        {
            for (int i = 0; i < 40; i++)
            {
                stopped.Add(new Peer(server.EndPoint).SayHello());
                stopped[^1].Send(begun);
            }
            for (ulong i = 1; i <= 50; i++) good.Ask(i);
        }
        finally
        {
            stopped.ForEach(peer => peer.Dispose());
        }
    }

    [Fact]
    public void Payloads_ThatHoldAllMemory_AreCutAtTheirDeadlineAndOthersServed()
    {
        using var server = new TailServer(new FakeTail(), new TailServerOptions { MaxPayloadMemory = LargeBytes + 128 });
        using var stopped = new Peer(server.EndPoint).SayHello();
        stopped.Send(Frames.Request(1, Frames.Payload(1, LargeBytes), cut: 2, deadlineMs: 1).AsSpan(0, 30_000));
        // A small request fits beside it; a large one does not, until the deadline of the first has passed.
        using var good = new Peer(server.EndPoint).SayHello();
        good.Ask(1);
        ErrorHeader cut = stopped.ReadError();
        Assert.Equal(ErrorCode.BadFrame, cut.Code);
        Assert.Equal("payload of 65536 bytes not complete within its deadline", cut.Text);
        stopped.ReadToEnd();
        byte[] large = Frames.Payload(2, LargeBytes);
        good.Send(Frames.Request(2, large, cut: 2));
        Assert.Equal(FrameKind.Reply, good.Read().Kind);
    }

    [Theory]
    [InlineData("entropy", 1, 0, "at most 0 such exits before cut 2")]
    [InlineData("patience:2", 2, 0, "at most 1 such exits before cut 2")]
    [InlineData("patience:2", 1, FakeTail.Classes, "has 4 classes")]
    public void Requests_WithAStreakThatCannotBe_EndTheConnection(string rule, int length, int said, string reason)
    {
        ModelManifest model = FakeTail.Model("sha256:fake");
        model = (model with { Exits = [model.Exits[0], new ExitInfo(2, "exit2", 2, 0, 1), model.Exits[^1] with { Index = 3 }] })
            .WithExitRule(ExitRule.Parse(rule));
        using var server = new TailServer(new FakeTail { Manifest = model }, new TailServerOptions());
        using var peer = new Peer(server.EndPoint);
        peer.Send(Frames.Hello(model.Identity));
        Assert.Equal(FrameKind.HelloAck, peer.Read().Kind);
        byte[] payload = Frames.Payload(1, LargeBytes);
        peer.Send(Frames.Make(FrameKind.Request, new RequestHeader
        {
            TaskId = 1,
            Encoding = TensorEncoding.Float32,
            DeadlineMs = 20_000,
            Policy = new ExitPolicy([0.5f, 0.5f], 2),
            Streak = new ExitStreak(said, length),
        }.Write, payload));
        ErrorHeader refused = peer.ReadError();
        Assert.Equal(ErrorCode.BadFrame, refused.Code);
        Assert.Contains(reason, refused.Text, StringComparison.Ordinal);
        peer.ReadToEnd();
    }

    [Fact]
    public async Task Client_ThatTakesNoAnswers_IsCutAndHoldsUpNobody()
    {
        var limits = new ProtocolLimits { SendDeadline = TimeSpan.FromMilliseconds(200) };
        using var server = new TailServer(new FakeTail(), new TailServerOptions { Limits = limits });
        using var good = new Peer(server.EndPoint).SayHello();
        using var deaf = new Peer(server.EndPoint).SayHello();
        var pings = Task.Run(() =>
        {
            try
            {
                for (ulong i = 1; ; i++) deaf.Send(Frames.Ping(i));
            }
            catch (IOException)
            {
                // Cut, as it should be.
            }
        });
        for (ulong i = 1; !pings.IsCompleted; i++) good.Ask(i);
        await pings;
        good.Ask(1);
    }

    [Fact]
    public void Connections_Idle_NeedNoThreads()
    {
        using var server = new TailServer(new FakeTail(), new TailServerOptions());
        using var first = new Peer(server.EndPoint).SayHello();
        int before = Process.GetCurrentProcess().Threads.Count;
        var idle = new List<Peer>();
        try
        {
            for (int i = 0; i < 400; i++) idle.Add(new Peer(server.EndPoint).SayHello());
            Assert.Equal(401, server.Connections);
            // Some of the pool's own may have come; 400 would be one each.
            Assert.InRange(Process.GetCurrentProcess().Threads.Count, 1, before + 50);
            first.Ask(1);
            idle[^1].Ask(2);
        }
        finally
        {
            idle.ForEach(peer => peer.Dispose());
        }
    }

    [Fact]
    public void Connections_BeyondTheLimit_AreTurnedAwayWithTheReason()
    {
        using var server = new TailServer(new FakeTail(), new TailServerOptions { Limits = new ProtocolLimits { MaxConnections = 2 } });
        using var one = new Peer(server.EndPoint).SayHello();
        using var two = new Peer(server.EndPoint).SayHello();
        using var three = new Peer(server.EndPoint);
        ErrorHeader error = three.ReadError();
        Assert.Equal(ErrorCode.Unavailable, error.Code);
        Assert.Equal("tail serves 2 connections, the limit", error.Text);
        one.Ask(1);
    }

    [Fact]
    public void LoneClient_OnABlockingThread_IsAnsweredRight()
    {
        using var server = new TailServer(new FakeTail(), new TailServerOptions { BlockingThreads = 1 });
        using var one = new Peer(server.EndPoint).SayHello();
        using var two = new Peer(server.EndPoint).SayHello();
        for (ulong i = 1; i <= 200; i++)
        {
            one.Ask(i);
            two.Ask(i + 1000);
        }
    }

    [Fact]
    public void Request_AfterASlowRunOnAnIdleServer_IsNotRefused()
    {
        // By its profile the model takes 5 ms from cut 1; the first run takes 400 times as long, as one that still makes a session may.
        int runs = 0;
        var model = new FakeTail { Running = _ => Thread.Sleep(Interlocked.Increment(ref runs) == 1 ? 2000 : 0) };
        using var server = new TailServer(model, new TailServerOptions());
        using var client = new Peer(server.EndPoint).SayHello();
        client.Ask(1);
        client.Ask(2, deadlineMs: 1000);
        Assert.Equal(2, runs);
    }

    [Fact]
    public void Client_ThatSendsOnAfterItsTime_IsCut()
    {
        var limits = new ProtocolLimits { HeaderDeadline = TimeSpan.FromMilliseconds(100) };
        using var server = new TailServer(
            new FakeTail(), new TailServerOptions { Limits = limits, DrainLimit = TimeSpan.FromMilliseconds(100) });
        using var client = new Peer(server.EndPoint).SayHello();
        // A header of the largest size, a byte now and then: bytes arrive all the time and it is never complete.
        byte[] header = Frames.Request(1, Frames.Payload(1));
        header[6] = 0x00;
        header[7] = 0x20;
        client.Send(header.AsSpan(0, 16));
        IOException ended = Assert.ThrowsAny<IOException>(() =>
        {
            for (int i = 0; i < 8000; i++)
            {
                client.Send([0]);
                Thread.Sleep(1);
            }
        });
        Assert.NotNull(ended);
        Assert.True(SpinWait.SpinUntil(() => server.Connections == 0, TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public void Dispose_Twice_AndWithClients_Ends()
    {
        var server = new TailServer(new FakeTail(), new TailServerOptions());
        using var client = new Peer(server.EndPoint).SayHello();
        client.Ask(1);
        server.Dispose();
        server.Dispose();
        client.ReadToEnd();
        Assert.Equal(0, server.Connections);
    }
}
