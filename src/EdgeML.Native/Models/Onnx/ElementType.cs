namespace EdgeML.Native.Models.Onnx;

/// <summary>Element types of the ONNX standard, by their numbers.</summary>
static class ElementType
{
    internal const int Float = 1;
    internal const int UInt8 = 2;
    internal const int Int8 = 3;
    internal const int UInt16 = 4;
    internal const int Int16 = 5;
    internal const int Int32 = 6;
    internal const int Int64 = 7;
    internal const int String = 8;
    internal const int Bool = 9;
    internal const int Float16 = 10;
    internal const int Double = 11;
    internal const int UInt32 = 12;
    internal const int UInt64 = 13;
    internal const int BFloat16 = 16;
    internal const int UInt4 = 21;
    internal const int Int4 = 22;

    /// <summary>Bytes per element; 0 for types without a fixed whole number of bytes.</summary>
    internal static int Bytes(int type) => type switch
    {
        UInt8 or Int8 or Bool or 17 or 18 or 19 or 20 => 1,
        UInt16 or Int16 or Float16 or BFloat16 => 2,
        Float or Int32 or UInt32 => 4,
        Double or Int64 or UInt64 or 14 => 8,
        15 => 16,
        _ => 0,
    };

    internal static string Name(int type) => type switch
    {
        Float => "float32",
        UInt8 => "uint8",
        Int8 => "int8",
        UInt16 => "uint16",
        Int16 => "int16",
        Int32 => "int32",
        Int64 => "int64",
        String => "string",
        Bool => "bool",
        Float16 => "float16",
        Double => "float64",
        UInt32 => "uint32",
        UInt64 => "uint64",
        BFloat16 => "bfloat16",
        UInt4 => "uint4",
        Int4 => "int4",
        _ => $"type {type}",
    };

    /// <summary>Types that may cross a cut: a cast to float32 and back loses nothing.</summary>
    internal static bool IsActivation(int type) => type is Float or Float16;

    /// <summary>Integers of quantised networks that may cross a cut: float32 holds all of them, too, and they travel as they are.</summary>
    internal static bool IsQuantised(int type) => type is UInt8 or Int8 or UInt16 or Int16;

    /// <summary>Types that may cross a cut.</summary>
    internal static bool MayCross(int type) => IsActivation(type) || IsQuantised(type);
}
