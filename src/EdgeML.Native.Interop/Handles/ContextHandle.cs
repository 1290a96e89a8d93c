using System.Runtime.InteropServices;

namespace EdgeML.Native.Interop.Handles;

/// <summary>Owns an edgeml_context; what it was made from is kept alive natively.</summary>
sealed class ContextHandle() : SafeHandle(invalidHandleValue: 0, ownsHandle: true)
{
    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        NativeMethods.ContextDestroy(handle);
        return true;
    }
}
