using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace EdgeML.Native.Codecs;

/// <summary>Half precision: half the bytes, about three significant digits.</summary>
readonly struct Float16Codec : ITensorCodec
{
    public static TensorEncoding Encoding => TensorEncoding.Float16;

    public static int BytesOf(int elements) => checked(elements * 2);

    public static void Encode(ReadOnlySpan<float> tensor, Span<byte> payload) =>
        TensorPrimitives.ConvertToHalf(tensor, MemoryMarshal.Cast<byte, Half>(payload));

    public static void Decode(ReadOnlySpan<byte> payload, Span<float> tensor) =>
        TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(payload), tensor);
}
