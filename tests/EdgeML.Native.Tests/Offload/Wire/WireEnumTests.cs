using EdgeML.Native.Codecs;
using EdgeML.Native.Offload.Wire;

namespace EdgeML.Native.Tests.Offload.Wire;

/// <summary>Numbers that travel may be added to, never changed: an old edge must understand a new tail.</summary>
public class WireEnumTests
{
    [Fact]
    public void FrameKind_Numbers_Stay() => Assert.Equal(
        "Hello=1 HelloAck=2 Request=3 Reply=4 Error=5 Ping=6 Pong=7 Probe=8 GoAway=9", Text<FrameKind>());

    [Fact]
    public void ErrorCode_Numbers_Stay() => Assert.Equal(
        "BadFrame=1 Version=2 Model=3 BadRequest=4 Late=5 Busy=6 Failed=7 Unavailable=8 Forbidden=9", Text<ErrorCode>());

    [Fact]
    public void TensorEncoding_Numbers_Stay() => Assert.Equal("Float32=1 Float16=2 Bytes=3 Int8=4 Bottleneck=5 Quantised=6", Text<TensorEncoding>());

    [Fact]
    public void Prelude_Layout_Stays()
    {
        byte[] frame = new byte[16 + 3];
        FramePrelude.Write(frame, FrameKind.Ping, 3, 0x01020304);
        Assert.Equal("45444D4C0106030004030201", Convert.ToHexString(frame, 0, 12));
        // The check value of CRC-32C for "123456789" is published.
        Assert.Equal(0xe3069283u, Crc32C.Finish(Crc32C.Append(Crc32C.Start, "123456789"u8)));
    }

    static string Text<T>()
        where T : struct, Enum => string.Join(' ', Enum.GetValues<T>().Select(value => $"{value}={Convert.ToInt32(value)}"));
}
