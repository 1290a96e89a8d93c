using System.Runtime.InteropServices;

namespace EdgeML.Native.Interop.Types;

/// <summary>edgeml_range: a range of a network on its way into one engine with others.</summary>
[StructLayout(LayoutKind.Sequential)]
unsafe struct RangeNative
{
    public void* Model;
    public ulong ModelBytes;

    /// <summary>Side exit behind the range; 0 for the last one.</summary>
    public uint ExitIndex;
    public uint Reserved;
}
