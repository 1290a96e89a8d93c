using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EdgeML.Native.Interop.Types;

/// <summary>edgeml_stage.</summary>
[StructLayout(LayoutKind.Sequential)]
unsafe struct StageNative()
{
    public const uint Final = 1;

    public readonly uint StructSize = (uint)Unsafe.SizeOf<StageNative>();
    public uint Flags;
    public uint BoundaryOutput;
    public uint LogitsOutput;
    public uint ExitIndex;
    public uint Classes;
    public GateNative* Gates;
    public uint GateCount;
    public uint Reserved;
}
