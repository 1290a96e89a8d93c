using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EdgeML.Native.Interop.Types;

/// <summary>edgeml_weights_info.</summary>
[StructLayout(LayoutKind.Sequential)]
struct WeightsInfoNative()
{
    public readonly uint StructSize = (uint)Unsafe.SizeOf<WeightsInfoNative>();
    readonly uint _reserved;

    /// <summary>Held by the set itself, of tensors in other layouts than those added.</summary>
    public ulong CopiedBytes;
}
