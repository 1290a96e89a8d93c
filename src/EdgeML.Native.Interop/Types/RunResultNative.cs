using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EdgeML.Native.Interop.Types;

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
