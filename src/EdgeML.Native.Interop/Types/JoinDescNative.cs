using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EdgeML.Native.Interop.Types;

/// <summary>edgeml_join_desc.</summary>
[StructLayout(LayoutKind.Sequential)]
unsafe struct JoinDescNative()
{
    public readonly uint StructSize = (uint)Unsafe.SizeOf<JoinDescNative>();
    public uint RangeCount;
    public RangeNative* Ranges;

    /// <summary>Most bytes of copies that the weights may come to hold.</summary>
    public ulong CopyLimit;
}
