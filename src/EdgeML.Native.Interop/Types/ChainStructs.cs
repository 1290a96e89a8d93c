using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EdgeML.Native.Interop.Types;

/// <summary>edgeml_buffer_view.</summary>
[StructLayout(LayoutKind.Sequential)]
unsafe struct BufferViewNative()
{
    public readonly uint StructSize = (uint)Unsafe.SizeOf<BufferViewNative>();
    readonly uint _reserved;
    public void* Data;
    public ulong Bytes;

    /// <summary>Writable bytes directly before <see cref="Data"/>.</summary>
    public ulong Headroom;
}

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

/// <summary>edgeml_exit_rule.</summary>
[StructLayout(LayoutKind.Sequential)]
unsafe struct ExitRuleNative()
{
    public readonly uint StructSize = (uint)Unsafe.SizeOf<ExitRuleNative>();
    public NativeExitRule Kind;
    public uint Patience;
    public uint Reserved;

    /// <summary>Must not throw.</summary>
    public delegate* unmanaged[Cdecl]<void*, uint, float*, ulong, float> Uncertainty;
    public void* User;
}

/// <summary>edgeml_gate: a side exit inside a stage.</summary>
[StructLayout(LayoutKind.Sequential)]
struct GateNative
{
    public uint ExitIndex;
    public uint Classes;
    public uint LogitsOutput;
    public uint Reserved;

    /// <summary>An edgeml_buffer; the caller keeps its handle alive for the call.</summary>
    public nint Logits;
}

/// <summary>edgeml_stage.</summary>
[StructLayout(LayoutKind.Sequential)]
unsafe struct StageNative()
{
    public const uint Final = 1;

    /// <summary>With <see cref="Final"/>: its outputs are the answer as it is, nothing is decided.</summary>
    public const uint Raw = 2;

    public readonly uint StructSize = (uint)Unsafe.SizeOf<StageNative>();
    public uint Flags;
    public uint BoundaryOutput;
    public uint LogitsOutput;
    public uint ExitIndex;
    public uint Classes;
    public GateNative* Gates;
    public uint GateCount;
    public uint Reserved;
}

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

    /// <summary>Read instead of the first stage's own input; null: its own.</summary>
    public nint Input;

    /// <summary>Classes that exits before <see cref="FirstStage"/> said, by exit index - 1, -1 where not known; null for none.</summary>
    public int* Said;
    public uint SaidCount;
    public uint Reserved;
}

/// <summary>edgeml_row: one of several inputs of a chain.</summary>
[StructLayout(LayoutKind.Sequential)]
unsafe struct RowNative
{
    /// <summary>Null: at the row's place in the first stage's own input.</summary>
    public nint Input;
    public float* Thresholds;
    public uint ThresholdCount;
    public uint Reserved;
}

/// <summary>edgeml_batch_desc.</summary>
[StructLayout(LayoutKind.Sequential)]
unsafe struct BatchDescNative()
{
    public readonly uint StructSize = (uint)Unsafe.SizeOf<BatchDescNative>();
    public uint RowCount;
    public RowNative* Rows;
    public uint FirstStage;
    public uint StageCount;

    /// <summary>As in <see cref="RunDescNative"/>, <see cref="RunResultNative.MaxExits"/> for each row.</summary>
    public int* Said;
}

/// <summary>edgeml_run_result.</summary>
[StructLayout(LayoutKind.Sequential)]
unsafe struct RunResultNative()
{
    public const uint InvalidLogits = 1;
    public const int MaxExits = 16;

    public readonly uint StructSize = (uint)Unsafe.SizeOf<RunResultNative>();
    public uint Flags;
    public NativeOutcome Outcome;

    /// <summary>The exit that answered; 0 when the cut was reached.</summary>
    public uint ExitIndex;
    public int Label;
    public float Entropy;
    public float Confidence;
    public float Margin;
    public uint StagesRun;
    public uint LastStage;
    public ulong TotalNs;

    /// <summary>By exit index - 1; NaN where not tried.</summary>
    public fixed float ExitEntropy[MaxExits];

    /// <summary>By exit index - 1; -1 where not tried.</summary>
    public fixed int ExitLabel[MaxExits];
    public float* Logits;
    public ulong LogitCount;
    public void* Cut;
    public ulong CutBytes;

    /// <summary>EDGEML_ROUTE_*: 0 on the host, 1..3 on a device.</summary>
    public uint Route;
    public uint Reserved;
}
