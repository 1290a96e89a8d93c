using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using EdgeML.Native.Codecs;
using EdgeML.Native.Models.Manifest;

namespace EdgeML.Native.Models.Payloads;

/// <summary>The integers at a cut of a quantised network, which chains hold as float32: as many bytes as their type has, and nothing
/// lost.</summary>
static class QuantisedCodec
{
    /// <summary>Writes integers held as floats into a payload of exactly their size.</summary>
    public static void Encode(CutInfo cut, ReadOnlySpan<float> tensor, Span<byte> payload)
    {
        Check(cut, tensor.Length, payload.Length);
        switch (cut.Type)
        {
            case "uint8": Int8Codec.Quantise(tensor, 1f, 0.5f, payload); break;
            case "int8":
                Int8Codec.Quantise(tensor, 1f, 128.5f, payload);
                for (int i = 0; i < payload.Length; i++) payload[i] ^= 0x80;
                break;
            case "uint16": TensorPrimitives.ConvertTruncating(tensor, MemoryMarshal.Cast<byte, ushort>(payload)); break;
            default: TensorPrimitives.ConvertTruncating(tensor, MemoryMarshal.Cast<byte, short>(payload)); break;
        }
    }

    /// <summary>Reads a payload of exactly the tensor's size.</summary>
    public static void Decode(CutInfo cut, ReadOnlySpan<byte> payload, Span<float> tensor)
    {
        Check(cut, tensor.Length, payload.Length);
        switch (cut.Type)
        {
            case "uint8": TensorPrimitives.ConvertTruncating(payload, tensor); break;
            case "int8": TensorPrimitives.ConvertTruncating(MemoryMarshal.Cast<byte, sbyte>(payload), tensor); break;
            case "uint16": TensorPrimitives.ConvertTruncating(MemoryMarshal.Cast<byte, ushort>(payload), tensor); break;
            default: TensorPrimitives.ConvertTruncating(MemoryMarshal.Cast<byte, short>(payload), tensor); break;
        }
    }

    /// <summary>Leaves the nearest integers that the cut's type has where a codec that loses something has left other numbers; NaN becomes
    /// 0.</summary>
    public static void RoundToLevels(CutInfo cut, Span<float> tensor)
    {
        (float low, float high) = cut.Type switch
        {
            "uint8" => (byte.MinValue, byte.MaxValue),
            "int8" => (sbyte.MinValue, sbyte.MaxValue),
            "uint16" => (ushort.MinValue, ushort.MaxValue),
            "int16" => ((float)short.MinValue, short.MaxValue),
            _ => (float.NegativeInfinity, float.PositiveInfinity),
        };
        if (float.IsInfinity(high)) return;
        for (int i = 0; i < tensor.Length; i++)
        {
            float level = MathF.Round(tensor[i]);
            tensor[i] = level > low ? MathF.Min(level, high) : level <= low ? low : 0f;
        }
    }

    static void Check(CutInfo cut, int elements, int bytes)
    {
        if (!cut.IsQuantised || (long)elements * cut.ElementBytes != bytes)
            throw new ArgumentException($"{elements} elements of {cut.Type} at cut {cut.K} do not travel as {bytes} bytes of integers");
    }
}
