using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EdgeML.Native.Interop.Types;

/// <summary>edgeml_context_desc. Structs of this folder: <c>new()</c>, never <c>default</c>, because the size must be set.</summary>
[StructLayout(LayoutKind.Sequential)]
unsafe struct ContextDescNative()
{
    public const uint AllowSpinning = 1;
    public const uint OwnThreads = 4;

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

    /// <summary>Processors to compute on; null for no choice.</summary>
    public uint* Cores;
    public uint CoreCount;

    /// <summary>Real-time priority while computing; 0 for none.</summary>
    public uint Priority;
}

/// <summary>edgeml_context_info.</summary>
[StructLayout(LayoutKind.Sequential)]
unsafe struct ContextInfoNative()
{
    /// <summary>In <see cref="Flags"/>: other code of the process made the inference library's environment.</summary>
    public const uint Guest = 2;

    /// <summary>In <see cref="Flags"/>: every engine has its own threads.</summary>
    public const uint OwnThreads = 4;

    public readonly uint StructSize = (uint)Unsafe.SizeOf<ContextInfoNative>();
    public uint Backend;
    public uint Threads;
    public uint Flags;
    public fixed byte BackendName[32];
    public fixed byte LibraryVersion[32];
    public fixed byte LibraryPath[512];
}

/// <summary>edgeml_device_info.</summary>
[StructLayout(LayoutKind.Sequential)]
unsafe struct DeviceInfoNative()
{
    public const uint Integrated = 1;

    public readonly uint StructSize = (uint)Unsafe.SizeOf<DeviceInfoNative>();
    public uint Flags;

    /// <summary>12040 for CUDA 12.4.</summary>
    public uint DriverVersion;
    public uint ComputeMajor;
    public uint ComputeMinor;
    public uint Processors;

    /// <summary>EDGEML_ROUTE_*.</summary>
    public uint Route;
    public uint Reserved;
    public ulong Bytes;
    public fixed byte Name[128];
    public fixed byte PciBusId[32];
    public fixed byte DriverPath[512];

    /// <summary>Why not the route before; empty for the first.</summary>
    public fixed byte RouteNote[512];
}
