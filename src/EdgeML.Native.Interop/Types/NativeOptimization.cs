namespace EdgeML.Native.Interop.Types;

/// <summary>EDGEML_OPTIMIZE_*.</summary>
enum NativeOptimization : uint
{
    Default = 0,
    None = 1,
    Basic = 2,
    Extended = 3,
    All = 4,
}
