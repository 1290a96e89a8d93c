using System.Runtime.InteropServices;
using EdgeML.Native.Codecs;
using EdgeML.Native.Models.Payloads;
using EdgeML.Native.Offload.Client;
using EdgeML.Native.Tests.Offload.Client;

namespace EdgeML.Native.Tests.Codecs;

public class TensorPayloadTests
{
    [Fact]
    public void Float32_RoundTrip_KeepsEveryBit()
    {
        float[] tensor = [0f, -0f, 1.5f, float.NaN, float.Epsilon, float.NegativeInfinity];
        byte[] payload = new byte[TensorPayload.Bytes(TensorEncoding.Float32, tensor.Length)];
        TensorPayload.Encode(TensorEncoding.Float32, tensor, payload);
        float[] back = new float[tensor.Length];
        TensorPayload.Decode(TensorEncoding.Float32, payload, back, 1);
        Assert.True(MemoryMarshal.AsBytes(tensor.AsSpan()).SequenceEqual(MemoryMarshal.AsBytes(back.AsSpan())));
    }

    [Fact]
    public void Float16_RoundTrip_RoundsToNearestEven()
    {
        var random = new Random(7);
        float[] tensor = [.. Enumerable.Range(0, 1003).Select(_ => ((float)random.NextDouble() - 0.5f) * 20f), 65504f, 1e9f, -0f];
        byte[] payload = new byte[TensorPayload.Bytes(TensorEncoding.Float16, tensor.Length)];
        TensorPayload.Encode(TensorEncoding.Float16, tensor, payload);
        float[] back = new float[tensor.Length];
        TensorPayload.Decode(TensorEncoding.Float16, payload, back, 1);
        for (int i = 0; i < tensor.Length; i++) Assert.Equal((float)(Half)tensor[i], back[i]);
    }

    [Theory]
    [InlineData(0f, 6f)]
    [InlineData(-3f, 1f)]
    [InlineData(0f, 1e-6f)]
    public void Int8_RoundTrip_IsWithinHalfAStep(float low, float high)
    {
        var random = new Random(9);
        float[] tensor = [.. Enumerable.Range(0, 1003).Select(_ => low + ((high - low) * random.NextSingle())), low, high];
        byte[] payload = new byte[TensorPayload.Bytes(TensorEncoding.Int8, tensor.Length)];
        Assert.Equal(tensor.Length + 4, payload.Length);
        TensorPayload.Encode(TensorEncoding.Int8, tensor, payload);
        float[] back = new float[tensor.Length];
        TensorPayload.Decode(TensorEncoding.Int8, payload, back, 1);
        float step = low < 0 ? Math.Max(high, -low) / 127 : high / 255;
        for (int i = 0; i < tensor.Length; i++) Assert.InRange(back[i], tensor[i] - (0.501f * step), tensor[i] + (0.501f * step));
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void Int8_NotANumber_ComesBackAsNaNThroughout(float bad)
    {
        float[] tensor = new float[70];
        tensor[41] = bad;
        byte[] payload = new byte[TensorPayload.Bytes(TensorEncoding.Int8, tensor.Length)];
        TensorPayload.Encode(TensorEncoding.Int8, tensor, payload);
        TensorPayload.Decode(TensorEncoding.Int8, payload, tensor, 1);
        Assert.All(tensor, value => Assert.True(float.IsNaN(value)));
    }

    [Fact]
    public void Int8_OnlyZeros_StayZeros()
    {
        float[] tensor = new float[70];
        byte[] payload = new byte[TensorPayload.Bytes(TensorEncoding.Int8, tensor.Length)];
        TensorPayload.Encode(TensorEncoding.Int8, tensor, payload);
        TensorPayload.Decode(TensorEncoding.Int8, payload, tensor, 1);
        Assert.All(tensor, value => Assert.Equal(0f, value));
    }

    [Fact]
    public void Bytes_Decode_ScalesEveryByte()
    {
        byte[] payload = [.. Enumerable.Range(0, 256).Select(i => (byte)i)];
        float[] tensor = new float[256];
        TensorPayload.Decode(TensorEncoding.Bytes, payload, tensor, 1 / 255f);
        for (int i = 0; i < 256; i++) Assert.Equal(i * (1 / 255f), tensor[i]);
    }

    [Fact]
    public void Encode_WrongSize_Throws() =>
        Assert.Contains("3 elements in Float16 take 6 bytes",
            Assert.Throws<ArgumentException>(() => TensorPayload.Encode(TensorEncoding.Float16, new float[3], new byte[12])).Message);

    [Theory]
    [InlineData(0, TensorEncoding.Float32, 256)]
    [InlineData(0, TensorEncoding.Float16, 128)]
    [InlineData(0, TensorEncoding.Bytes, 64)]
    [InlineData(1, TensorEncoding.Float16, 64)]
    [InlineData(1, TensorEncoding.Bytes, -1)]
    [InlineData(1, TensorEncoding.Int8, 36)]
    [InlineData(2, TensorEncoding.Float32, 65536)]
    [InlineData(3, TensorEncoding.Float32, -1)]
    [InlineData(-1, TensorEncoding.Float32, -1)]
    [InlineData(1, (TensorEncoding)77, -1)]
    public void PayloadSize_EveryCut_IsExactOrRefused(int cut, TensorEncoding encoding, int expected) =>
        Assert.Equal(expected, PayloadSize.Of(FakeTail.Model("m"), cut, encoding));

    [Fact]
    public void SendBuffer_Payload_IsAlignedWithHeadroom()
    {
        var buffer = new SendBuffer(1000);
        Assert.Equal(0, buffer.Address % 64);
        Assert.Equal(1000, buffer.Payload.Length);
        unsafe
        {
            fixed (byte* first = buffer.Payload) Assert.Equal(buffer.Address, (nint)first);
        }
    }
}
