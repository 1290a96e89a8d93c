using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Google.Protobuf;

namespace EdgeML.Native.Models.Onnx;

/// <summary>The elements of an initializer as the little-endian bytes an engine reads.</summary>
static class WeightData
{
    /// <summary>Moves typed element lists into <c>raw_data</c>, and checks that the bytes are as many as the shape says.</summary>
    /// <exception cref="InvalidDataException">A negative dimension or a length that does not fit the shape.</exception>
    internal static void Normalise(TensorProto tensor)
    {
        foreach (long dim in tensor.Dims)
        {
            if (dim < 0) throw new InvalidDataException($"weight '{tensor.Name}' has the dimension {dim}");
        }
        int width = ElementType.Bytes(tensor.DataType);
        if (width == 0) return; // strings and 4-bit types stay as they are; the engine judges them
        long elements = TensorInfo.Count(tensor.Dims);
        if (!tensor.HasRawData && ToRaw(tensor, elements) is { } raw)
        {
            tensor.RawData = raw;
            tensor.FloatData.Clear();
            tensor.Int32Data.Clear();
            tensor.Int64Data.Clear();
            tensor.DoubleData.Clear();
            tensor.Uint64Data.Clear();
        }
        if ((Int128)elements * width != tensor.RawData.Length)
            throw new InvalidDataException(
                $"weight '{tensor.Name}' holds {tensor.RawData.Length} bytes, "
                + $"its shape {TensorInfo.Shape(tensor.Dims)} of {ElementType.Name(tensor.DataType)} needs {(Int128)elements * width}");
    }

    /// <summary>Refuses NaN, and infinity where it would be multiplied; masks and bounds may hold it.</summary>
    internal static void RequireNumbers(TensorProto tensor, bool finite)
    {
        ReadOnlySpan<byte> bytes = tensor.RawData.Span;
        int bad = -1;
        switch (tensor.DataType)
        {
            case ElementType.Float:
                ReadOnlySpan<float> floats = MemoryMarshal.Cast<byte, float>(bytes);
                for (int i = 0; i < floats.Length && bad < 0; i++)
                    if (finite ? !float.IsFinite(floats[i]) : float.IsNaN(floats[i])) bad = i;
                if (bad >= 0) Refuse(tensor, bad, floats[bad], floats.Length);
                break;
            case ElementType.Double:
                ReadOnlySpan<double> doubles = MemoryMarshal.Cast<byte, double>(bytes);
                for (int i = 0; i < doubles.Length && bad < 0; i++)
                    if (finite ? !double.IsFinite(doubles[i]) : double.IsNaN(doubles[i])) bad = i;
                if (bad >= 0) Refuse(tensor, bad, doubles[bad], doubles.Length);
                break;
            case ElementType.Float16:
                ReadOnlySpan<Half> halves = MemoryMarshal.Cast<byte, Half>(bytes);
                for (int i = 0; i < halves.Length && bad < 0; i++)
                    if (finite ? !Half.IsFinite(halves[i]) : Half.IsNaN(halves[i])) bad = i;
                if (bad >= 0) Refuse(tensor, bad, (double)halves[bad], halves.Length);
                break;
        }
    }

    static void Refuse(TensorProto tensor, int index, double value, int length)
    {
        throw new InvalidDataException($"weight '{tensor.Name}' holds {value} at element {index} of {length}");
    }

    static ByteString? ToRaw(TensorProto tensor, long elements)
    {
        int width = ElementType.Bytes(tensor.DataType);
        int stored = tensor.DataType switch
        {
            ElementType.Float => tensor.FloatData.Count,
            ElementType.Double => tensor.DoubleData.Count,
            ElementType.Int64 => tensor.Int64Data.Count,
            ElementType.UInt32 or ElementType.UInt64 => tensor.Uint64Data.Count,
            14 or 15 => -1,
            _ => tensor.Int32Data.Count,
        };
        if (stored < 0) return null;
        if (stored != elements)
            throw new InvalidDataException(
                $"weight '{tensor.Name}' holds {stored} elements, its shape {TensorInfo.Shape(tensor.Dims)} needs {elements}");
        if ((long)stored * width > Array.MaxLength)
            throw new InvalidDataException($"weight '{tensor.Name}' has {(long)stored * width} bytes, one weight has at most {Array.MaxLength}");
        byte[] raw = new byte[stored * width];
        for (int i = 0; i < stored; i++)
        {
            Span<byte> at = raw.AsSpan(i * width, width);
            switch (tensor.DataType)
            {
                case ElementType.Float: BinaryPrimitives.WriteSingleLittleEndian(at, tensor.FloatData[i]); break;
                case ElementType.Double: BinaryPrimitives.WriteDoubleLittleEndian(at, tensor.DoubleData[i]); break;
                case ElementType.Int64: BinaryPrimitives.WriteInt64LittleEndian(at, tensor.Int64Data[i]); break;
                case ElementType.UInt64: BinaryPrimitives.WriteUInt64LittleEndian(at, tensor.Uint64Data[i]); break;
                case ElementType.UInt32: BinaryPrimitives.WriteUInt32LittleEndian(at, (uint)tensor.Uint64Data[i]); break;
                default: WriteNarrow(at, tensor.Int32Data[i]); break;
            }
        }
        return UnsafeByteOperations.UnsafeWrap(raw);
    }

    static void WriteNarrow(Span<byte> at, int value)
    {
        if (at.Length == 1) at[0] = (byte)value;
        else if (at.Length == 2) BinaryPrimitives.WriteInt16LittleEndian(at, (short)value);
        else BinaryPrimitives.WriteInt32LittleEndian(at, value);
    }
}
