using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EdgeML.Native.Interop.Types;

/// <summary>edgeml_tensor_info.</summary>
[StructLayout(LayoutKind.Sequential)]
unsafe struct TensorInfoNative()
{
    public const int MaxRank = 8;
    public const int NameCapacity = 256;

    public readonly uint StructSize = (uint)Unsafe.SizeOf<TensorInfoNative>();
    public NativeDtype Dtype;
    public uint Rank;
    public uint NameBytes;
    public fixed long Dims[MaxRank];
    public ulong Bytes;
    public fixed byte Name[NameCapacity];
}

/// <summary>edgeml_weights_info.</summary>
[StructLayout(LayoutKind.Sequential)]
struct WeightsInfoNative()
{
    public readonly uint StructSize = (uint)Unsafe.SizeOf<WeightsInfoNative>();
    readonly uint _reserved;

    /// <summary>Held by the set itself, of tensors in other layouts than those added.</summary>
    public ulong CopiedBytes;
}

/// <summary>edgeml_engine_desc.</summary>
[StructLayout(LayoutKind.Sequential)]
unsafe struct EngineDescNative()
{
    public readonly uint StructSize = (uint)Unsafe.SizeOf<EngineDescNative>();
    public NativeOptimization Optimization;
    public void* Model;
    public ulong ModelBytes;

    /// <summary>Progress of a build (user, 0..1, phase); anything but 0 cancels. May be null.</summary>
    public delegate* unmanaged<void*, double, byte*, int> Progress;
    public void* ProgressUser;

    /// <summary>Folder of the model's external data, UTF-8; null: they come from the weights.</summary>
    public byte* Folder;
}

/// <summary>edgeml_engine_info.</summary>
[StructLayout(LayoutKind.Sequential)]
struct EngineInfoNative()
{
    /// <summary>The first dimension of the one input and of every output counts rows.</summary>
    public const uint Batches = 1;

    public readonly uint StructSize = (uint)Unsafe.SizeOf<EngineInfoNative>();
    public uint Inputs;
    public uint Outputs;
    public uint Flags;

    /// <summary>About the bytes the engine holds beside shared weights; 0 when the backend cannot tell.</summary>
    public ulong ResidentBytes;
}

/// <summary>edgeml_range: a range of a network on its way into one engine with others.</summary>
[StructLayout(LayoutKind.Sequential)]
unsafe struct RangeNative
{
    public void* Model;
    public ulong ModelBytes;

    /// <summary>Side exit after the range; 0 for the last one.</summary>
    public uint ExitIndex;
    public uint Reserved;
}

/// <summary>edgeml_join_desc.</summary>
[StructLayout(LayoutKind.Sequential)]
unsafe struct JoinDescNative()
{
    public readonly uint StructSize = (uint)Unsafe.SizeOf<JoinDescNative>();
    public uint RangeCount;
    public RangeNative* Ranges;

    /// <summary>Most bytes of copies that the weights may come to hold.</summary>
    public ulong CopyLimit;

    /// <summary>Of each range alone.</summary>
    public NativeOptimization Optimization;
    public uint Reserved;
}
