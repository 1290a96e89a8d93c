using System.Runtime.InteropServices;

namespace EdgeML.Native.Interop.Types;

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
