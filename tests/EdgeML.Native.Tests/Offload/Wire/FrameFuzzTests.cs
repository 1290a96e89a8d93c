using System.Buffers;
using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Server;
using EdgeML.Native.Offload.Wire;
using EdgeML.Native.Tests.Offload.Client;
using EdgeML.Native.Tests.Offload.Conversations;
using EdgeML.Native.Tests.Offload.Server;
using EdgeML.Server.Configuration;

namespace EdgeML.Native.Tests.Offload.Wire;

/// <summary>Damaged frames, half of them with a right checksum so that the damage gets past it, and headers of random bytes.</summary>
public class FrameFuzzTests(ITestOutputHelper output)
{
    const int Seed = 20260821;
    static readonly ProtocolLimits s_limits = new() { MaxPayloadBytes = 1 << 20, MaxHeaderBytes = 1024 };

    [Fact]
    public void Headers_Mutated_AreReadOrRefused()
    {
        output.WriteLine($"seed {Seed}");
        var random = new Random(Seed);
        byte[][] valid = [
            .. FrameParserTests.AllKinds.Select(FrameParserTests.Valid),
            .. Conversation.Read("conversations.txt").SelectMany(each => each.Frames).Select(frame => frame.Bytes)];
        (int read, int refused, int incomplete) = (0, 0, 0);
        long most = 0;
        for (int i = 0; i < 190_000; i++)
        {
            byte[] frame = Mutate(valid[random.Next(valid.Length)], random);
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                if (Read(frame)) read++;
                else incomplete++;
            }
            catch (Exception e) when (e is InvalidDataException or ProtocolVersionException)
            {
                refused++;
            }
            // The first exceptions load what describes them.
            if (i >= 1000) most = Math.Max(most, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        output.WriteLine($"{read} read, {refused} refused, {incomplete} incomplete, at most {most} bytes allocated for one");
        Assert.True(read > 1000 && refused > 1000 && incomplete > 1000, $"{read} read, {refused} refused, {incomplete} incomplete");
        Assert.InRange(most, 0, 32 << 10);
    }

    /// <summary>Random bytes of any length; half of them begin like a map, with the tags that hostile lengths come with.</summary>
    [Fact]
    public void Headers_OfRandomBytes_AreReadOrRefused()
    {
        output.WriteLine($"seed {Seed + 2}");
        var random = new Random(Seed + 2);
        byte[] tags =
            [0xc1, 0xc4, 0xc6, 0xc7, 0xc9, 0xca, 0xcb, 0xcf, 0xd3, 0xd8, 0xd9, 0xdb, 0xdc, 0xdd, 0xde, 0xdf, 0x9f, 0x8f, 0xff, 0x7f];
        (int read, int refused) = (0, 0);
        long most = 0;
        for (int i = 0; i < 200_000; i++)
        {
            byte[] header = new byte[random.Next(0, random.Next(2) == 0 ? 16 : 300)];
            random.NextBytes(header);
            if (random.Next(2) == 0)
            {
                for (int at = 0; at < header.Length; at++)
                {
                    if (at == 0) header[at] = (byte)(0x80 | random.Next(16));
                    else if (random.Next(2) == 0) header[at] = random.Next(2) == 0 ? (byte)random.Next(17) : tags[random.Next(tags.Length)];
                }
            }
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                Read((FrameKind)random.Next((int)FrameKind.Hello, (int)FrameKind.GoAway + 1), header);
                read++;
            }
            catch (InvalidDataException)
            {
                refused++;
            }
            // The first exceptions load what describes them.
            if (i >= 1000) most = Math.Max(most, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        output.WriteLine($"{read} read, {refused} refused, at most {most} bytes allocated for one");
        Assert.True(refused > 100_000, $"{read} read, {refused} refused");
        Assert.InRange(most, 0, 32 << 10);
    }

    [Fact]
    public void Sessions_WithMutatedFrames_EndWithoutHarm()
    {
        output.WriteLine($"seed {Seed + 1}");
        var random = new Random(Seed + 1);
        var tail = new FakeTail();
        using var served = new DetachedTail(tail, new TailServerOptions { Limits = s_limits });
        byte[] hello = Frames.Hello();
        byte[][] valid = [Frames.Request(5, Frames.Payload(1)), Frames.Request(6, Frames.Payload(2)), Frames.Ping(3),
            Frames.Ping(4, FrameKind.Probe, 500)];
        int faults = 0;
        for (int i = 0; i < 10_000; i++)
        {
            byte[][] script = [hello, valid[random.Next(valid.Length)], Mutate(valid[random.Next(valid.Length)], random),
                valid[random.Next(valid.Length)]];
            using var connection = served.Connect(new ScriptTransport(script));
            DetachedTail.Run(connection);
            if (connection.Fault is not null) faults++;
        }
        output.WriteLine($"{faults} sessions refused, {tail.Slots} slots");
        Assert.InRange(faults, 5000, 10_000);
        Assert.InRange(tail.Slots, 1, 4);
    }

    static bool Read(byte[] frame)
    {
        if (!FrameParser.TryRead(new ReadOnlySequence<byte>(frame), s_limits, out FramePrelude prelude, out ReadOnlySequence<byte> header))
            return false;
        Read(prelude.Kind, header.First);
        return true;
    }

    static void Read(FrameKind kind, ReadOnlyMemory<byte> bytes)
    {
        switch (kind)
        {
            case FrameKind.Hello: HelloHeader.Read(bytes); break;
            case FrameKind.HelloAck: HelloAckHeader.Read(bytes); break;
            case FrameKind.Request: RequestHeader.Read(bytes); break;
            case FrameKind.Reply: ReplyHeader.Read(bytes); break;
            case FrameKind.Error: ErrorHeader.Read(bytes); break;
            case FrameKind.GoAway: GoAwayHeader.Read(bytes); break;
            default: PingHeader.Read(bytes); break;
        }
    }

    static byte[] Mutate(byte[] valid, Random random)
    {
        var frame = new List<byte>(valid);
        for (int edits = random.Next(1, 4); edits > 0; edits--)
        {
            // Mostly near the front, where prelude and header are.
            int at = Math.Min(random.Next(frame.Count), random.Next(96));
            switch (random.Next(5))
            {
                case 0: frame[at] = (byte)random.Next(256); break;
                case 1: frame[at] ^= (byte)(1 << random.Next(8)); break;
                case 2: frame.RemoveRange(at, Math.Min(random.Next(1, 9), frame.Count - at)); break;
                case 3: frame.InsertRange(at, [(byte)random.Next(256), (byte)random.Next(256)]); break;
                default: frame[at] = (byte)(random.Next(2) == 0 ? 0xff : 0xdd); break;
            }
            if (frame.Count == 0) frame.Add(0);
        }
        byte[] bytes = [.. frame];
        if (random.Next(2) == 0 && bytes.Length >= FramePrelude.Bytes) FramePrelude.Seal(bytes);
        return bytes;
    }
}
