namespace EdgeML.Native.Interop.Types;

/// <summary>EDGEML_DTYPE_*.</summary>
enum NativeDtype : uint
{
    Other = 0,
    Float32 = 1,
    Float16 = 2,
    BFloat16 = 3,
    Int8 = 4,
    UInt8 = 5,
    Int32 = 6,
    Int64 = 7,
    Float64 = 8,
    Bool = 9,
    Int16 = 10,
    UInt16 = 11,
    UInt32 = 12,
    UInt64 = 13,
}
