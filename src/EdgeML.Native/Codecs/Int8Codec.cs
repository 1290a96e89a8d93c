using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace EdgeML.Native.Codecs;

/// <summary>A byte per element after one scale for the tensor: a quarter of the bytes, 255 levels.</summary>
/// <remarks>
/// The payload begins with the scale as float32. Above zero: every element is its unsigned byte times the scale, for tensors without
/// negative values, as after ReLU. Below zero: its signed byte times the scale's magnitude. A tensor with NaN or infinity
/// has the scale NaN and comes back as NaN throughout, so that the answer made of it is marked invalid and not believed.
/// </remarks>
readonly struct Int8Codec : ITensorCodec
{
    /// <summary>Bytes of the scale.</summary>
    public const int PrefixBytes = sizeof(float);

    public static TensorEncoding Encoding => TensorEncoding.Int8;

    public static int BytesOf(int elements) => checked(elements + PrefixBytes);

    public static void Encode(ReadOnlySpan<float> tensor, Span<byte> payload)
    {
        float low = tensor.IsEmpty ? 0f : TensorPrimitives.Min(tensor), high = tensor.IsEmpty ? 0f : TensorPrimitives.Max(tensor);
        bool signed = low < 0f;
        float scale = signed ? Math.Max(high, -low) / 127f : high / 255f;
        // Tiny ranges have no inverse; their elements are all but zero.
        float inverse = scale > 1e-30f ? 1f / scale : 0f;
        Span<byte> bytes = payload[PrefixBytes..];
        if (float.IsFinite(scale))
        {
            MemoryMarshal.Write(payload, signed ? -scale : scale);
            Quantise(tensor, inverse, signed ? 128.5f : 0.5f, bytes);
            if (signed)
            {
                for (int i = 0; i < bytes.Length; i++) bytes[i] ^= 0x80;
            }
        }
        else
        {
            MemoryMarshal.Write(payload, float.NaN);
            bytes.Clear();
        }
    }

    public static void Decode(ReadOnlySpan<byte> payload, Span<float> tensor)
    {
        float scale = MemoryMarshal.Read<float>(payload);
        ReadOnlySpan<byte> bytes = payload[PrefixBytes..];
        if (scale < 0f) TensorPrimitives.ConvertTruncating(MemoryMarshal.Cast<byte, sbyte>(bytes), tensor);
        else TensorPrimitives.ConvertTruncating(bytes, tensor);
        TensorPrimitives.Multiply(tensor, Math.Abs(scale), tensor);
    }

    /// <summary>floor(element x inverse + offset), 0..255.</summary>
    internal static void Quantise(ReadOnlySpan<float> tensor, float inverse, float offset, Span<byte> bytes)
    {
        int i = 0, width = Vector<float>.Count;
        var factor = new Vector<float>(inverse);
        var shift = new Vector<float>(offset);
        for (; i + (4 * width) <= tensor.Length; i += 4 * width)
        {
            Vector<ushort> front = Vector.Narrow(Levels(tensor[i..], factor, shift), Levels(tensor[(i + width)..], factor, shift));
            Vector<ushort> back = Vector.Narrow(
                Levels(tensor[(i + (2 * width))..], factor, shift), Levels(tensor[(i + (3 * width))..], factor, shift));
            Vector.Narrow(front, back).CopyTo(bytes[i..]);
        }
        for (; i < tensor.Length; i++) bytes[i] = (byte)((tensor[i] * inverse) + offset);
    }

    static Vector<uint> Levels(ReadOnlySpan<float> tensor, Vector<float> factor, Vector<float> shift) =>
        Vector.AsVectorUInt32(Vector.ConvertToInt32((new Vector<float>(tensor) * factor) + shift));
}
