using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EdgeML.Native.Interop.Types;

/// <summary>edgeml_buffer_view.</summary>
[StructLayout(LayoutKind.Sequential)]
unsafe struct BufferViewNative()
{
    public readonly uint StructSize = (uint)Unsafe.SizeOf<BufferViewNative>();
    readonly uint _reserved;
    public void* Data;
    public ulong Bytes;

    /// <summary>Writable bytes directly in front of <see cref="Data"/>.</summary>
    public ulong Headroom;
}
