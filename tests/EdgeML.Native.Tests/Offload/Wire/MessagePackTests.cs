using System.Diagnostics;
using EdgeML.Native.Codecs;
using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Wire;
using EdgeML.Native.Policies;

namespace EdgeML.Native.Tests.Offload.Wire;

/// <summary>Bytes printed by msgpack for Python 1.0.3, an implementation that shares nothing with ours.</summary>
public class MessagePackTests
{
    delegate void Write(ref MessagePackWriter writer);

    static string Hex(Write write)
    {
        byte[] memory = new byte[1024];
        var writer = new MessagePackWriter(memory);
        write(ref writer);
        return Convert.ToHexStringLower(memory, 0, writer.Written);
    }

    [Theory]
    [InlineData(0L, "00")]
    [InlineData(1L, "01")]
    [InlineData(127L, "7f")]
    [InlineData(128L, "cc80")]
    [InlineData(255L, "ccff")]
    [InlineData(256L, "cd0100")]
    [InlineData(65535L, "cdffff")]
    [InlineData(65536L, "ce00010000")]
    [InlineData(4294967295L, "ceffffffff")]
    [InlineData(4294967296L, "cf0000000100000000")]
    [InlineData(9223372036854775807L, "cf7fffffffffffffff")]
    [InlineData(-1L, "ff")]
    [InlineData(-32L, "e0")]
    [InlineData(-33L, "d0df")]
    [InlineData(-128L, "d080")]
    [InlineData(-129L, "d1ff7f")]
    [InlineData(-32768L, "d18000")]
    [InlineData(-32769L, "d2ffff7fff")]
    [InlineData(-2147483648L, "d280000000")]
    [InlineData(-2147483649L, "d3ffffffff7fffffff")]
    [InlineData(-9223372036854775808L, "d38000000000000000")]
    public void Integers_EveryWidth_AsTheOtherImplementation(long value, string hex)
    {
        Assert.Equal(hex, Hex((ref MessagePackWriter writer) => writer.Write(value)));
        Assert.Equal(value, new MessagePackReader(Convert.FromHexString(hex)).ReadInt64());
    }

    [Fact]
    public void UnsignedInteger_Largest_AsTheOtherImplementation()
    {
        Assert.Equal("cfffffffffffffffff", Hex((ref MessagePackWriter writer) => writer.Write(ulong.MaxValue)));
        Assert.Equal(ulong.MaxValue, new MessagePackReader(Convert.FromHexString("cfffffffffffffffff")).ReadUInt64());
        Assert.Throws<InvalidDataException>(() => new MessagePackReader(Convert.FromHexString("cfffffffffffffffff")).ReadInt64());
        Assert.Throws<InvalidDataException>(() => new MessagePackReader([0xff]).ReadUInt64());
    }

    [Theory]
    [InlineData(0.0, "cb0000000000000000", "ca00000000")]
    [InlineData(1.5, "cb3ff8000000000000", "ca3fc00000")]
    [InlineData(-0.1, "cbbfb999999999999a", "cabdcccccd")]
    public void Floats_BothWidths_AsTheOtherImplementation(double value, string wide, string narrow)
    {
        Assert.Equal(wide, Hex((ref MessagePackWriter writer) => writer.Write(value)));
        Assert.Equal(narrow, Hex((ref MessagePackWriter writer) => writer.Write((float)value)));
        Assert.Equal(value, new MessagePackReader(Convert.FromHexString(wide)).ReadDouble());
        Assert.Equal((float)value, new MessagePackReader(Convert.FromHexString(narrow)).ReadSingle());
    }

    [Theory]
    [InlineData(0, "a0")]
    [InlineData(31, "bf6161")]
    [InlineData(32, "d9206161")]
    [InlineData(255, "d9ff6161")]
    [InlineData(256, "da01006161")]
    public void Strings_EveryWidth_AsTheOtherImplementation(int length, string start)
    {
        string text = new('a', length);
        string hex = Hex((ref MessagePackWriter writer) => writer.Write(text));
        Assert.StartsWith(start, hex);
        Assert.Equal(text, new MessagePackReader(Convert.FromHexString(hex)).ReadText(256));
    }

    [Fact]
    public void Strings_Utf8_AsTheOtherImplementation()
        => Assert.Equal("a76772c3bcc39f65", Hex((ref MessagePackWriter writer) => writer.Write("grüße")));

    [Theory]
    [InlineData(0, "c400")]
    [InlineData(255, "c4ff07")]
    [InlineData(256, "c5010007")]
    public void Binary_EveryWidth_AsTheOtherImplementation(int length, string start)
    {
        byte[] data = [.. Enumerable.Repeat((byte)7, length)];
        string hex = Hex((ref MessagePackWriter writer) => writer.WriteBinary(data));
        Assert.StartsWith(start, hex);
        Assert.Equal(data, new MessagePackReader(Convert.FromHexString(hex)).ReadBinary(256).ToArray());
    }

    [Theory]
    [InlineData(0, "90", "80")]
    [InlineData(15, "9f", "8f")]
    [InlineData(16, "dc0010", "de0010")]
    public void Containers_EveryWidth_AsTheOtherImplementation(int count, string array, string map)
    {
        Assert.Equal(array, Hex((ref MessagePackWriter writer) => writer.WriteArrayHeader(count)));
        Assert.Equal(map, Hex((ref MessagePackWriter writer) => writer.WriteMapHeader(count)));
        Assert.Equal(count, new MessagePackReader(Convert.FromHexString(array)).ReadArrayHeader(16));
        Assert.Equal(count, new MessagePackReader(Convert.FromHexString(map)).ReadMapHeader(16));
    }

    [Fact]
    public void SmallValues_AsTheSpecification()
    {
        Assert.Equal("c0c2c3", Hex((ref MessagePackWriter writer) =>
        {
            writer.WriteNil();
            writer.Write(false);
            writer.Write(true);
        }));
        var reader = new MessagePackReader([0xc0, 0xc2, 0xc3]);
        Assert.True(reader.TryReadNil());
        Assert.False(reader.TryReadNil());
        Assert.False(reader.ReadBoolean());
        Assert.True(reader.ReadBoolean());
        Assert.True(reader.AtEnd);
    }

    [Fact]
    public void RequestHeader_FromTheOtherImplementation_IsRead()
    {
        byte[] header = Convert.FromHexString("8500cf00000123456789ab0103020103ca424800000492ca3f000000ca3e800000");
        RequestHeader request = RequestHeader.Read(header);
        Assert.Equal(0x123456789abUL, request.TaskId);
        Assert.Equal(new ExitPolicy([0.5f, 0.25f], 3), request.Policy);
        Assert.Equal(TensorEncoding.Float32, request.Encoding);
        Assert.Equal(50, request.DeadlineMs);
        byte[] written = new byte[RequestHeader.MaxBytes];
        Assert.Equal(header, written[..request.Write(written)]);
    }

    [Fact]
    public void ReplyHeader_FromTheOtherImplementation_IsRead()
    {
        byte[] header = Convert.FromHexString("8c004d0104020903ca3e00000004ca3f4000000acd05dc0b140ccd012c0dcd20000e020fca3f00000010ca3f800000");
        ReplyHeader reply = ReplyHeader.Read(header);
        Assert.Equal(new TailAnswer(4, 9, 0.125f, 0.75f), reply.Answer);
        Assert.Equal((77UL, 1500, 20, 300, 8192),
            (reply.TaskId, reply.Times.ComputeMicros, reply.Times.QueueMicros, reply.Times.SpanMicros, reply.Times.SpanBytes));
        byte[] written = new byte[ReplyHeader.MaxBytes];
        Assert.Equal(header, written[..reply.Write(written)]);
    }

    [Fact]
    public void UnknownKeys_OfEveryType_AreSkipped()
    {
        RequestHeader request = RequestHeader.Read(Convert.FromHexString(
            "8800070100020103ca3f80000004901f82a161920181a162c0a163c40201021ec31dc70305616263"));
        Assert.Equal(7UL, request.TaskId);
    }

    [Fact]
    public void Bottlenecks_TravelInKeysOfTheirOwn()
    {
        byte[] memory = new byte[512];
        var hello = new HelloHeader("sha256:m", 62, "abcd", "ef");
        Assert.Equal(hello, HelloHeader.Read(memory.AsSpan(0, hello.Write(memory))));
        // Without any, a peer that does not know them sees what it always saw.
        var plain = new HelloHeader("m", 30);
        Assert.Equal("8200A16D011E", Convert.ToHexString(memory, 0, plain.Write(memory)));
        var ack = new HelloAckHeader(1, 2, 62, [1], [2]) { DecodeMs = [0.25f, 0.5f] };
        Assert.Equal([0.25f, 0.5f], HelloAckHeader.Read(memory.AsSpan(0, ack.Write(memory))).DecodeMs);
        Assert.Empty(HelloAckHeader.Read(memory.AsSpan(0, (ack with { DecodeMs = [] }).Write(memory))).DecodeMs);
        var request = new RequestHeader
        {
            TaskId = 1,
            Encoding = TensorEncoding.Bottleneck,
            DeadlineMs = 1,
            Policy = new ExitPolicy([0.5f], 7, bottleneck: 200),
        };
        Assert.Equal(request.Policy, RequestHeader.Read(memory.AsSpan(0, request.Write(memory))).Policy);
    }

    [Theory]
    [InlineData("8600070100020503ca3f800000049005cd0100", "256")]
    [InlineData("8600070100020503ca3f8000000490 05ff", "-1")]
    public void Request_BottleneckOutsideItsRange_IsRefused(string header, string named)
    {
        byte[] bytes = Convert.FromHexString(header.Replace(" ", ""));
        Assert.Contains(named, Assert.Throws<InvalidDataException>(() => RequestHeader.Read(bytes)).Message);
    }

    [Fact]
    public void LongestHeaders_FitTheirBounds()
    {
        float[] thresholds = [.. Enumerable.Repeat(0.123f, ExitPolicy.MaxExits)];
        var request = new RequestHeader
        {
            TaskId = ulong.MaxValue,
            Encoding = TensorEncoding.Bytes,
            DeadlineMs = 1e6f,
            Policy = new ExitPolicy(thresholds, ushort.MaxValue, bottleneck: byte.MaxValue),
        };
        Assert.InRange(request.Write(new byte[RequestHeader.MaxBytes]), 1, RequestHeader.MaxBytes);
        var times = new TransferTimes
        {
            ComputeMicros = int.MaxValue,
            QueueMicros = int.MaxValue,
            SpanMicros = int.MaxValue,
            SpanBytes = int.MaxValue,
            InFlight = int.MaxValue,
            BusyShare = 1,
            Stretch = 1,
        };
        var reply = new ReplyHeader { TaskId = ulong.MaxValue, Answer = new TailAnswer(65535, int.MaxValue, 1, 1), Times = times };
        Assert.InRange(reply.Write(new byte[ReplyHeader.MaxBytes]), 1, ReplyHeader.MaxBytes);
        Assert.InRange(new PingHeader { Sequence = ulong.MaxValue, Times = times }.Write(new byte[PingHeader.MaxBytes]), 1,
            PingHeader.MaxBytes);
        var error = new ErrorHeader { Code = ErrorCode.Failed, TaskId = ulong.MaxValue, Text = new string('€', 1000), Times = times };
        byte[] written = new byte[ErrorHeader.MaxBytes];
        Assert.Equal(ErrorCode.Failed, ErrorHeader.Read(written.AsSpan(0, error.Write(written))).Code);
    }

    [Theory]
    [InlineData("")]
    [InlineData("c1")]
    [InlineData("85")]
    [InlineData("df7fffffff")]
    [InlineData("850007")]
    [InlineData("81a16100")]
    [InlineData("82000700 07")]
    [InlineData("8500070100020103ca3f8000000490ff")]
    [InlineData("8500070100020103ca3f80000004dd7fffffff")]
    [InlineData("8500070100020103ca3f8000000491ca40000000")]
    [InlineData("8500070100020103ca7fc000000490")]
    [InlineData("8500070100020103cabf8000000490")]
    [InlineData("85000701ff020103ca3f8000000490")]
    [InlineData("8600070100020103ca3f80000004901f919191919191919191")]
    [InlineData("8600070100020103ca3f80000004901fdd7fffffff")]
    [InlineData("8600070100020103ca3f80000004901fdbffffffff")]
    public void RequestHeader_Hostile_IsRefused(string hex) =>
        Assert.Throws<InvalidDataException>(() => RequestHeader.Read(Convert.FromHexString(hex.Replace(" ", ""))));

    [SkippableFact]
    public void Headers_ReadByTheOtherImplementation_SayTheSame()
    {
        const string python = "/usr/bin/python3";
        Skip.IfNot(File.Exists(python) && Run(python, "import msgpack; print(1)") == "1", "python3 with msgpack is not installed");
        byte[] frame = Frames.Request(0xfedcba9876543210, Frames.Payload(1));
        int headerBytes = frame.Length - FramePrelude.Bytes - 128;
        string header = Convert.ToHexString(frame, FramePrelude.Bytes, headerBytes);
        Assert.Equal(
            "[(0, 18364758544493064720), (1, 1), (2, 1), (3, 1000.0), (4, [0.5])]",
            Run(python, $"import msgpack; print(sorted(msgpack.unpackb(bytes.fromhex('{header}'), strict_map_key=False).items()))"));
    }

    static string Run(string program, string code)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add(code);
        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        return output;
    }
}
