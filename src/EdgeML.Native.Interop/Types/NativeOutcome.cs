namespace EdgeML.Native.Interop.Types;

/// <summary>EDGEML_OUTCOME_*.</summary>
enum NativeOutcome : uint
{
    None = 0,
    Exited = 1,
    Final = 2,
    Cut = 3,
}
