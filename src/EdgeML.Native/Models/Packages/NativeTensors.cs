using System.Text;
using EdgeML.Native.Interop.Types;
using EdgeML.Native.Models.Onnx;

namespace EdgeML.Native.Models.Packages;

/// <summary>The native library's words for tensors in those of ONNX, and back.</summary>
static unsafe class NativeTensors
{
    static readonly (NativeDtype Native, int Onnx)[] s_types =
    [
        (NativeDtype.Float32, ElementType.Float), (NativeDtype.Float16, ElementType.Float16), (NativeDtype.BFloat16, ElementType.BFloat16),
        (NativeDtype.Int8, ElementType.Int8), (NativeDtype.UInt8, ElementType.UInt8), (NativeDtype.Int32, ElementType.Int32),
        (NativeDtype.Int64, ElementType.Int64), (NativeDtype.Float64, ElementType.Double), (NativeDtype.Bool, ElementType.Bool),
        (NativeDtype.Int16, ElementType.Int16), (NativeDtype.UInt16, ElementType.UInt16), (NativeDtype.UInt32, ElementType.UInt32),
        (NativeDtype.UInt64, ElementType.UInt64),
    ];

    /// <summary>The ONNX type, 0 for one the native library carries no data of.</summary>
    internal static int ElementTypeOf(NativeDtype type) => Array.Find(s_types, t => t.Native == type).Onnx;

    /// <summary>The native type, <see cref="NativeDtype.Other"/> for one that cannot be shared.</summary>
    internal static NativeDtype DtypeOf(int elementType) => Array.Find(s_types, t => t.Onnx == elementType).Native;

    internal static long[] Dims(in TensorInfoNative info)
    {
        if (info.Rank > TensorInfoNative.MaxRank)
            throw new InvalidDataException(
                $"tensor '{Name(in info)}' has {info.Rank} dimensions, at most {TensorInfoNative.MaxRank} are supported");
        long[] dims = new long[info.Rank];
        for (int i = 0; i < dims.Length; i++) dims[i] = info.Dims[i];
        return dims;
    }

    internal static string Name(in TensorInfoNative info)
    {
        fixed (byte* name = info.Name)
        {
            if (info.NameBytes >= TensorInfoNative.NameCapacity)
                throw new InvalidDataException(
                    $"a tensor name of {info.NameBytes} bytes, at most {TensorInfoNative.NameCapacity - 1} are supported");
            return Encoding.UTF8.GetString(name, (int)info.NameBytes);
        }
    }
}
