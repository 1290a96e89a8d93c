using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EdgeML.Native.Interop.Types;

/// <summary>edgeml_engine_desc.</summary>
[StructLayout(LayoutKind.Sequential)]
unsafe struct EngineDescNative()
{
    public readonly uint StructSize = (uint)Unsafe.SizeOf<EngineDescNative>();
    public NativeOptimization Optimization;
    public void* Model;
    public ulong ModelBytes;

    /// <summary>Told how far a build has come (user, 0..1, phase); anything but 0 cancels. May be null.</summary>
    public delegate* unmanaged<void*, double, byte*, int> Progress;
    public void* ProgressUser;

    /// <summary>Folder of the model's external data, UTF-8; null: they come from the weights.</summary>
    public byte* Folder;
}
