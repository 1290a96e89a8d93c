using System.Runtime.InteropServices;

namespace EdgeML.Native.Codecs;

/// <summary>The tensor's own memory.</summary>
readonly struct Float32Codec : ITensorCodec
{
    public static TensorEncoding Encoding => TensorEncoding.Float32;

    public static int BytesOf(int elements) => checked(elements * sizeof(float));

    public static void Encode(ReadOnlySpan<float> tensor, Span<byte> payload) => MemoryMarshal.AsBytes(tensor).CopyTo(payload);

    public static void Decode(ReadOnlySpan<byte> payload, Span<float> tensor) => payload.CopyTo(MemoryMarshal.AsBytes(tensor));
}
