using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EdgeML.Native.Interop.Types;

/// <summary>edgeml_context_info.</summary>
[StructLayout(LayoutKind.Sequential)]
unsafe struct ContextInfoNative()
{
    /// <summary>In <see cref="Flags"/>: other code of the process made the inference library's environment.</summary>
    public const uint Guest = 2;

    public readonly uint StructSize = (uint)Unsafe.SizeOf<ContextInfoNative>();
    public uint Backend;
    public uint Threads;
    public uint Flags;
    public fixed byte BackendName[32];
    public fixed byte LibraryVersion[32];
    public fixed byte LibraryPath[512];
}
