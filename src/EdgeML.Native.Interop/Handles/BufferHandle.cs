using System.Runtime.InteropServices;

namespace EdgeML.Native.Interop.Handles;

/// <summary>Owns an edgeml_buffer; what it was made from is kept alive natively.</summary>
sealed class BufferHandle() : SafeHandle(invalidHandleValue: 0, ownsHandle: true)
{
    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        NativeMethods.BufferDestroy(handle);
        return true;
    }
}
