using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EdgeML.Native.Interop.Types;

/// <summary>edgeml_run_desc.</summary>
[StructLayout(LayoutKind.Sequential)]
unsafe struct RunDescNative()
{
    public readonly uint StructSize = (uint)Unsafe.SizeOf<RunDescNative>();
    public uint Flags;
    public float* Thresholds;
    public uint ThresholdCount;
    public uint FirstStage;

    /// <summary>Stages from <see cref="FirstStage"/> on; 0 means all that follow.</summary>
    public uint StageCount;
    public uint StageNsCapacity;
    public ulong* StageNs;
}
