using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EdgeML.Native.Interop.Types;

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
