using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EdgeML.Native.Interop.Types;

/// <summary>edgeml_context_desc. Structs of this folder: <c>new()</c>, never <c>default</c>, because the size must be set.</summary>
[StructLayout(LayoutKind.Sequential)]
unsafe struct ContextDescNative()
{
    public const uint AllowSpinning = 1;

    public readonly uint StructSize = (uint)Unsafe.SizeOf<ContextDescNative>();
    public uint Threads;
    public uint Flags;
    public NativeBackend Backend;

    /// <summary>UTF-8, terminated; null leaves the choice to the environment and the loader.</summary>
    public byte* LibraryPath;

    /// <summary>Folder for built engines, UTF-8, terminated; null keeps nothing.</summary>
    public byte* CachePath;

    /// <summary>Gets the inference library's lines: user, level, text.</summary>
    public delegate* unmanaged<void*, int, byte*, void> Log;
    public void* LogUser;
    public uint Device;
    public NativeRoute Route;
}
