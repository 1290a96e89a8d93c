using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EdgeML.Native.Interop.Types;

/// <summary>edgeml_tensor_info.</summary>
[StructLayout(LayoutKind.Sequential)]
unsafe struct TensorInfoNative()
{
    public const int MaxRank = 8;
    public const int NameCapacity = 256;

    public readonly uint StructSize = (uint)Unsafe.SizeOf<TensorInfoNative>();
    public NativeDtype Dtype;
    public uint Rank;
    public uint NameBytes;
    public fixed long Dims[MaxRank];
    public ulong Bytes;
    public fixed byte Name[NameCapacity];
}
