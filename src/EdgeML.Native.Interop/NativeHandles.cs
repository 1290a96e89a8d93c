using System.Runtime.InteropServices;

namespace EdgeML.Native.Interop;

/// <summary>Owns one object of the C ABI. The objects it was made from are kept alive natively.</summary>
abstract class NativeHandle() : SafeHandle(invalidHandleValue: 0, ownsHandle: true)
{
    public sealed override bool IsInvalid => handle == 0;

    protected abstract void Destroy();

    protected sealed override bool ReleaseHandle()
    {
        Destroy();
        return true;
    }
}

/// <summary>Owns an edgeml_buffer.</summary>
sealed class BufferHandle : NativeHandle
{
    protected override void Destroy() => NativeMethods.BufferDestroy(handle);
}

/// <summary>Owns an edgeml_chain.</summary>
sealed class ChainHandle : NativeHandle
{
    protected override void Destroy() => NativeMethods.ChainDestroy(handle);
}

/// <summary>Owns an edgeml_context.</summary>
sealed class ContextHandle : NativeHandle
{
    protected override void Destroy() => NativeMethods.ContextDestroy(handle);
}

/// <summary>Owns an edgeml_engine.</summary>
sealed class EngineHandle : NativeHandle
{
    protected override void Destroy() => NativeMethods.EngineDestroy(handle);
}

/// <summary>Owns an edgeml_outputs.</summary>
sealed class OutputsHandle : NativeHandle
{
    protected override void Destroy() => NativeMethods.OutputsDestroy(handle);
}

/// <summary>Owns an edgeml_weights.</summary>
sealed class WeightsHandle : NativeHandle
{
    protected override void Destroy() => NativeMethods.WeightsDestroy(handle);
}
