using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EdgeML.Native.Interop.Types;

/// <summary>edgeml_engine_info.</summary>
[StructLayout(LayoutKind.Sequential)]
struct EngineInfoNative()
{
    public readonly uint StructSize = (uint)Unsafe.SizeOf<EngineInfoNative>();
    public uint Inputs;
    public uint Outputs;
    readonly uint _reserved;

    /// <summary>About what the engine holds beside shared weights; 0 when the backend cannot tell.</summary>
    public ulong ResidentBytes;
}
