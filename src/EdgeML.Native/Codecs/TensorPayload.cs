using System.Numerics.Tensors;

namespace EdgeML.Native.Codecs;

/// <summary>The codecs by the number that travels. Allocates nothing; any thread.</summary>
public static class TensorPayload
{
    /// <summary>Bytes of a tensor's payload.</summary>
    /// <param name="encoding">How the payload writes it.</param>
    /// <param name="elements">Elements of the tensor.</param>
    /// <exception cref="ArgumentOutOfRangeException">An encoding that does not exist.</exception>
    public static int Bytes(TensorEncoding encoding, int elements) => encoding switch
    {
        TensorEncoding.Float32 => Float32Codec.BytesOf(elements),
        TensorEncoding.Float16 => Float16Codec.BytesOf(elements),
        TensorEncoding.Int8 => Int8Codec.BytesOf(elements),
        TensorEncoding.Bytes => elements,
        _ => throw new ArgumentOutOfRangeException(nameof(encoding), $"encoding {(int)encoding} does not exist"),
    };

    /// <summary>Writes a tensor's payload. The input's own bytes (<see cref="TensorEncoding.Bytes"/>) are copied by their owner, not made
    /// here.</summary>
    /// <param name="encoding">How to write it.</param>
    /// <param name="tensor">Elements in order.</param>
    /// <param name="payload">Exactly <see cref="Bytes"/> bytes.</param>
    /// <exception cref="ArgumentException">A payload of another size, or an encoding that cannot be made from floats.</exception>
    public static void Encode(TensorEncoding encoding, ReadOnlySpan<float> tensor, Span<byte> payload)
    {
        CheckSize(encoding, tensor.Length, payload.Length);
        switch (encoding)
        {
            case TensorEncoding.Float32: Float32Codec.Encode(tensor, payload); break;
            case TensorEncoding.Float16: Float16Codec.Encode(tensor, payload); break;
            case TensorEncoding.Int8: Int8Codec.Encode(tensor, payload); break;
            default: throw new ArgumentException($"encoding {encoding} cannot be made from floats", nameof(encoding));
        }
    }

    /// <summary>Reads a payload into a tensor.</summary>
    /// <param name="encoding">How the payload writes it.</param>
    /// <param name="payload">Exactly <see cref="Bytes"/> bytes; must not overlap <paramref name="tensor"/>.</param>
    /// <param name="tensor">Where the elements go.</param>
    /// <param name="byteScale">Factor for each byte of <see cref="TensorEncoding.Bytes"/>; the other encodings ignore it.</param>
    /// <exception cref="ArgumentException">A payload of another size.</exception>
    public static void Decode(TensorEncoding encoding, ReadOnlySpan<byte> payload, Span<float> tensor, float byteScale)
    {
        CheckSize(encoding, tensor.Length, payload.Length);
        switch (encoding)
        {
            case TensorEncoding.Float32: Float32Codec.Decode(payload, tensor); break;
            case TensorEncoding.Float16: Float16Codec.Decode(payload, tensor); break;
            case TensorEncoding.Int8: Int8Codec.Decode(payload, tensor); break;
            default:
                TensorPrimitives.ConvertTruncating(payload, tensor);
                TensorPrimitives.Multiply(tensor, byteScale, tensor);
                break;
        }
    }

    static void CheckSize(TensorEncoding encoding, int elements, int bytes)
    {
        if (Bytes(encoding, elements) != bytes)
            throw new ArgumentException(
                $"{elements} elements in {encoding} take {Bytes(encoding, elements)} bytes, the payload has {bytes}");
    }
}
