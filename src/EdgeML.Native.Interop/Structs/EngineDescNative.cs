using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EdgeML.Native.Interop;

/// <summary>edgeml_engine_desc.</summary>
[StructLayout(LayoutKind.Sequential)]
unsafe struct EngineDescNative()
{
    public readonly uint StructSize = (uint)Unsafe.SizeOf<EngineDescNative>();
    public NativeOptimization Optimization;
    public void* Model;
    public ulong ModelBytes;
}
