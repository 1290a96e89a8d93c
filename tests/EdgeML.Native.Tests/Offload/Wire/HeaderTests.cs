using EdgeML.Native.Codecs;
using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Wire;
using EdgeML.Native.Policies;

namespace EdgeML.Native.Tests.Offload.Wire;

/// <summary>Headers printed by msgpack for Python 1.0.3, hostile ones, and the bounds of the longest.</summary>
public class HeaderTests
{
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

    /// <summary>A network without class scores: the keys 2, 3 and 4 are absent, all or none.</summary>
    [Fact]
    public void ReplyHeader_WithoutAClass_LacksThreeKeys()
    {
        byte[] header = Convert.FromHexString("89004d01010acd05dc0b140ccd012c0dcd20000e020fca3f00000010ca3f800000");
        ReplyHeader reply = ReplyHeader.Read(header);
        Assert.Equal(new TailAnswer(1, TailAnswer.NoClass, float.NaN, float.NaN), reply.Answer);
        Assert.True(reply.LacksClass);
        byte[] written = new byte[ReplyHeader.MaxBytes];
        Assert.Equal(header, written[..reply.Write(written)]);
        byte[] half = [0x8a, .. header[1..5], 2, 9, .. header[5..]];
        Assert.Contains("reply lacks key 3", Assert.Throws<InvalidDataException>(() => ReplyHeader.Read(half)).Message);
    }

    /// <summary>Found by fuzzing: bytes that are no text were read as U+FFFD, three bytes for one, and the name was longer than a name
    /// may be.</summary>
    [Fact]
    public void HelloHeader_NameThatIsNoText_IsRefused()
    {
        byte[] header = [0x82, 0, 0xa2, 0xff, 0xfe, 1, 14];
        Assert.Contains("no text", Assert.Throws<InvalidDataException>(() => HelloHeader.Read(header)).Message);
    }

    [Fact]
    public void ErrorHeader_TextBeforeTheTask_IsNotKept()
    {
        ErrorHeader error = ErrorHeader.Read(new byte[] { 0x83, 2, 0xa3, (byte)'w', (byte)'h', (byte)'y', 1, 7, 0, 6 });
        Assert.Equal((7UL, ErrorCode.Busy, ""), (error.TaskId, error.Code, error.Text));
    }

    [Fact]
    public void UnknownKeys_OfEveryType_AreSkipped()
    {
        RequestHeader request = RequestHeader.Read(Convert.FromHexString(
            "8800070100020103ca3f80000004901f82a161920181a162c0a163c40201021ec31dc70305616263"));
        Assert.Equal(7UL, request.TaskId);
    }

    [Fact]
    public void GoAway_TravelsWithItsReason()
    {
        byte[] memory = new byte[GoAwayHeader.MaxBytes];
        HelloHeader later = new HelloHeader("sha256:m", 62) with { Understands = HelloHeader.UnderstandsGoAway };
        Assert.Equal(later, HelloHeader.Read(memory.AsMemory(0, later.Write(memory))));
        foreach (GoAwayHeader goAway in (GoAwayHeader[])[new("the tail stops"), new("")])
            Assert.Equal(goAway, GoAwayHeader.Read(memory.AsMemory(0, goAway.Write(memory))));
        Assert.Equal(400, GoAwayHeader.Read(memory.AsMemory(0, new GoAwayHeader(new string('x', 500)).Write(memory))).Text.Length);
    }

    [Fact]
    public void Bottlenecks_TravelInKeysOfTheirOwn()
    {
        byte[] memory = new byte[512];
        var hello = new HelloHeader("sha256:m", 62, "abcd", "ef");
        Assert.Equal(hello, HelloHeader.Read(memory.AsMemory(0, hello.Write(memory))));
        // Without any, a peer that does not know them sees what it always saw.
        var plain = new HelloHeader("m", 30);
        Assert.Equal("8200A16D011E", Convert.ToHexString(memory, 0, plain.Write(memory)));
        var ack = new HelloAckHeader(1, 2, 62, [1], [2]) { DecodeMs = [0.25f, 0.5f] };
        Assert.Equal([0.25f, 0.5f], HelloAckHeader.Read(memory.AsMemory(0, ack.Write(memory))).DecodeMs);
        Assert.Empty(HelloAckHeader.Read(memory.AsMemory(0, (ack with { DecodeMs = [] }).Write(memory))).DecodeMs);
        var request = new RequestHeader
        {
            TaskId = 1,
            Encoding = TensorEncoding.Bottleneck,
            DeadlineMs = 1,
            Policy = new ExitPolicy([0.5f], 7, bottleneck: 200),
        };
        Assert.Equal(request.Policy, RequestHeader.Read(memory.AsMemory(0, request.Write(memory))).Policy);
    }

    [Fact]
    public void Request_ExitsThatAgree_AreWrittenOnlyWhereTheyAre()
    {
        byte[] memory = new byte[RequestHeader.MaxBytes];
        var request = new RequestHeader
        {
            TaskId = 7,
            Encoding = TensorEncoding.Float32,
            DeadlineMs = 1,
            Policy = new ExitPolicy([0.5f], 3),
        };
        byte[] without = memory[..request.Write(memory)];
        Assert.Equal(0x85, without[0]);
        request.Streak = new ExitStreak(1234, 2);
        byte[] with = memory[..request.Write(memory)];
        Assert.Equal([0x87, .. without[1..], 0x10, 0xCD, 0x04, 0xD2, 0x11, 0x02], with);
        RequestHeader read = RequestHeader.Read(with);
        Assert.Equal((request.Streak, request.Policy), (read.Streak, read.Policy));
    }

    [Theory]
    [InlineData("86 0007 0103 0201 03ca3f800000 0490 1001", "a class and no number of exits")]
    [InlineData("86 0007 0103 0201 03ca3f800000 0490 1102", "2 exits that agree and no class")]
    [InlineData("87 0007 0103 0201 03ca3f800000 0490 1001 1100", "integer 0 is outside 1..16")]
    [InlineData("87 0007 0103 0201 03ca3f800000 0490 1001 1111", "integer 17 is outside 1..16")]
    [InlineData("87 0007 0103 0201 03ca3f800000 0490 10ff 1102", "-1")]
    public void Request_ExitsThatCannotAgree_AreRefused(string header, string named)
    {
        byte[] bytes = Convert.FromHexString(header.Replace(" ", ""));
        Assert.Contains(named, Assert.Throws<InvalidDataException>(() => RequestHeader.Read(bytes)).Message);
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
            Streak = new ExitStreak(int.MaxValue, ExitPolicy.MaxExits),
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
            Slowdown = 1,
        };
        var reply = new ReplyHeader { TaskId = ulong.MaxValue, Answer = new TailAnswer(65535, int.MaxValue, 1, 1), Times = times };
        Assert.InRange(reply.Write(new byte[ReplyHeader.MaxBytes]), 1, ReplyHeader.MaxBytes);
        Assert.InRange(new PingHeader { Sequence = ulong.MaxValue, Times = times }.Write(new byte[PingHeader.MaxBytes]), 1,
            PingHeader.MaxBytes);
        var error = new ErrorHeader { Code = ErrorCode.Failed, TaskId = ulong.MaxValue, Text = new string('€', 1000), Times = times };
        byte[] written = new byte[ErrorHeader.MaxBytes];
        Assert.Equal(ErrorCode.Failed, ErrorHeader.Read(written.AsMemory(0, error.Write(written))).Code);
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
}
