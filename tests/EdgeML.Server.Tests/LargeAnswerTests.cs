using System.Runtime.InteropServices;
using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Wire;
using EdgeML.Native.Tests.Offload.Client;
using EdgeML.Native.Tests.Offload.Wire;
using EdgeML.Server.Configuration;
using EdgeML.Server.Tests.Connections;

namespace EdgeML.Server.Tests;

/// <summary>Answers of megabytes, as detectors and segmenters give them.</summary>
public class LargeAnswerTests
{
    const int Elements = 700_000, Bytes = Elements * sizeof(float);

    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    static FakeTail Tail(Action<byte>? running = null) => new() { Manifest = FakeTail.Model("sha256:fake") with { Classes = Elements }, Running = running };

    static void AssertReply(Peer peer, ulong id)
    {
        (FrameKind kind, byte[] header, byte[] answer) = peer.Read();
        Assert.Equal(FrameKind.Reply, kind);
        Assert.Equal(id, ReplyHeader.Read(header).TaskId);
        float[] expected = new float[Elements];
        FakeTail.Expected(Frames.Payload((int)id), 1, expected);
        Assert.True(MemoryMarshal.AsBytes(expected.AsSpan()).SequenceEqual(answer));
    }

    [Fact]
    public void Answers_ThatWaitForTheirClient_ArriveWhole()
    {
        using var server = new TailServer(Tail(), new TailServerOptions { Limits = new ProtocolLimits { SendDeadline = s_patience } });
        using var peer = new Peer(server.EndPoint).SayHello();
        for (ulong id = 1; id <= 6; id++) peer.Send(Frames.Request(id, Frames.Payload((int)id), deadlineMs: 20_000));
        Assert.True(SpinWait.SpinUntil(() => server.GetStatus().Devices.Sum(device => device.Requests) == 6, s_patience));
        for (ulong id = 1; id <= 6; id++) AssertReply(peer, id);
    }

    [Fact]
    public void Answers_BeyondTheMemory_AreRefusedBeforeTheyAreComputed()
    {
        using var hold = new ManualResetEventSlim();
        using var server = new TailServer(Tail(_ => hold.Wait(s_patience)), new TailServerOptions { MaxPayloadMemory = 3 * Bytes });
        using var peer = new Peer(server.EndPoint).SayHello();
        for (ulong id = 1; id <= 2; id++) peer.Send(Frames.Request(id, Frames.Payload((int)id), deadlineMs: 20_000));
        ErrorHeader refusal = peer.ReadError();
        Assert.Equal((ErrorCode.Busy, 2ul), (refusal.Code, refusal.TaskId));
        hold.Set();
        AssertReply(peer, 1);
        Assert.True(SpinWait.SpinUntil(() => server.GetStatus().PayloadMemory < Bytes, s_patience), "the answer's memory was not given back");
        peer.Send(Frames.Request(3, Frames.Payload(3), deadlineMs: 20_000));
        AssertReply(peer, 3);
    }
}
