using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EdgeML.Native.Interop.Types;

/// <summary>edgeml_decision.</summary>
[StructLayout(LayoutKind.Sequential)]
struct DecisionNative()
{
    public const uint Invalid = 1;

    public readonly uint StructSize = (uint)Unsafe.SizeOf<DecisionNative>();
    public uint Flags;
    public int Label;
    public float Entropy;
    public float Confidence;
    public float Margin;
}
