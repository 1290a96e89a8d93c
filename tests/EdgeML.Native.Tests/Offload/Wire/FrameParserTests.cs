using System.Buffers;
using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Transport;
using EdgeML.Native.Offload.Wire;
using EdgeML.Native.Tests.Offload.Client;

namespace EdgeML.Native.Tests.Offload.Wire;

public class FrameParserTests
{
    static readonly ProtocolLimits s_limits = new() { MaxPayloadBytes = 1 << 20, MaxHeaderBytes = 1024 };

    internal static readonly string[] AllKinds = ["hello", "ack", "request", "reply", "error", "ping", "probe"];

    public static TheoryData<string> Kinds => [.. AllKinds];

    internal static byte[] Valid(string kind) => kind switch
    {
        "hello" => Frames.Hello(),
        "ack" => Frames.HelloAck(),
        "request" => Frames.Request(5, Frames.Payload(1)),
        "reply" => Frames.Reply(5, new TailAnswer(1, 2, 0.5f, 0.5f), new byte[16]),
        "error" => Frames.Error(5, ErrorCode.Late),
        "ping" => Frames.Ping(9),
        _ => Frames.Ping(9, FrameKind.Probe, 3000),
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void TryRead_EveryPrefix_AsksForMore(string kind)
    {
        byte[] frame = Valid(kind);
        for (int length = 0; length < frame.Length; length++)
        {
            bool found = FrameParser.TryRead(new ReadOnlySequence<byte>(frame, 0, length), s_limits, out FramePrelude prelude,
                out var header);
            Assert.Equal(length >= FramePrelude.Bytes + (found ? prelude.HeaderBytes : int.MaxValue - 64), found);
            if (found) Assert.Equal(frame.Length, FramePrelude.Bytes + header.Length + prelude.PayloadBytes);
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void ReadHead_CutAtEveryByte_GivesTheSameFrame(string kind)
    {
        byte[] frame = Valid(kind);
        for (int cut = 1; cut < frame.Length; cut++)
        {
            using var input = new FrameInput(new ScriptTransport(frame[..cut], frame[cut..]), s_limits);
            Assert.True(input.ReadHead(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1)));
            byte[] payload = new byte[input.Prelude.PayloadBytes];
            if (payload.Length > 0) input.ReadPayload(payload, TimeSpan.FromSeconds(1));
            Assert.Equal(frame[FramePrelude.Bytes..], (byte[])[.. input.Header.Span, .. payload]);
            Assert.False(input.ReadHead(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1)));
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void ReadHead_EndAtEveryByte_IsAnError(string kind)
    {
        byte[] frame = Valid(kind);
        for (int length = 1; length < frame.Length; length++)
        {
            using var input = new FrameInput(new ScriptTransport(frame[..length]), s_limits);
            Assert.Throws<InvalidDataException>(() =>
            {
                if (input.ReadHead(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1))) input.SkipPayload(TimeSpan.FromSeconds(1));
            });
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void ReadHead_OneByteChanged_NeverGivesAFrame(string kind)
    {
        byte[] frame = Valid(kind);
        for (int i = 0; i < frame.Length; i++)
        {
            byte[] changed = [.. frame];
            changed[i] ^= 0x10;
            using var input = new FrameInput(new ScriptTransport(changed), s_limits);
            Assert.ThrowsAny<IOException>(() =>
            {
                try
                {
                    if (input.ReadHead(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1)) && input.Prelude.PayloadBytes > 0)
                        input.SkipPayload(TimeSpan.FromSeconds(1));
                }
                catch (InvalidDataException e)
                {
                    throw new IOException(e.Message);
                }
            });
        }
    }

    [Fact]
    public void ReadHead_ManyFramesInOnePiece_GivesEach()
    {
        byte[] stream = [.. AllKinds.SelectMany(Valid)];
        foreach (int chunk in new[] { 1, 7, 100, stream.Length })
        {
            using var input = new FrameInput(new ScriptTransport([.. stream.Chunk(chunk)]), s_limits);
            int frames = 0;
            while (input.ReadHead(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1)))
            {
                if (input.Prelude.PayloadBytes > 0) input.ReadPayload(new byte[input.Prelude.PayloadBytes], TimeSpan.FromSeconds(1));
                frames++;
            }
            Assert.Equal(AllKinds.Length, frames);
        }
    }

    [Theory]
    [InlineData(8, 0xffffffffu, "payload of 4294967295 bytes exceeds the limit of 1048576")]
    [InlineData(8, 0x00100001u, "payload of 1048577 bytes exceeds the limit of 1048576")]
    [InlineData(6, 0x0000ffffu, "header of 65535 bytes exceeds the limit of 1024")]
    [InlineData(0, 0x20544547u, "frame begins with 0x20544547")]
    public void TryRead_HostilePrelude_IsRefusedFromThePreludeAlone(int offset, uint value, string reason)
    {
        byte[] prelude = Frames.Ping(1)[..FramePrelude.Bytes];
        if (offset == 6) BitConverter.TryWriteBytes(prelude.AsSpan(offset), (ushort)value);
        else BitConverter.TryWriteBytes(prelude.AsSpan(offset), value);
        long before = GC.GetAllocatedBytesForCurrentThread();
        var error = Assert.Throws<InvalidDataException>(() => FrameParser.TryRead(new ReadOnlySequence<byte>(prelude), s_limits, out _,
            out _));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 << 10);
        Assert.Contains(reason, error.Message);
    }

    [Fact]
    public void TryRead_OtherVersion_SaysBoth()
    {
        byte[] frame = Frames.Ping(1);
        frame[4] = 9;
        var error = Assert.Throws<ProtocolVersionException>(() => FrameParser.TryRead(new ReadOnlySequence<byte>(frame), s_limits, out _,
            out _));
        Assert.Equal("peer speaks protocol version 9, this side speaks 1", error.Message);
    }
}
