using System.Runtime.InteropServices;
using EdgeML.Native.Interop;
using EdgeML.Native.Models.Onnx;

namespace EdgeML.Native.Models.Packages;

public sealed unsafe partial class ModelPackage
{
    /// <summary>The mapped weights as an object that all engines of this package share; made without copying.</summary>
    /// <remarks>The mapping stays until the last engine is gone, also when the package is disposed before.</remarks>
    /// <param name="context">Where engines will be made.</param>
    /// <exception cref="NativeException">The native library refuses a tensor.</exception>
    internal WeightsHandle CreateSharedWeights(ContextHandle context)
    {
        ThrowIfDisposed();
        SafeHandle? mapping = _graph.Weights.Handle;
        bool held = false;
        mapping?.DangerousAddRef(ref held);
        nint user = GCHandle.ToIntPtr(GCHandle.Alloc(held ? mapping : null));
        WeightsHandle weights;
        try
        {
            NativeError.Check(NativeMethods.WeightsCreate(out weights, context, &Released, (void*)user));
        }
        catch
        {
            Release(user);
            throw;
        }
        try
        {
            foreach (WeightTensor weight in _graph.External.Values)
            {
                long[] dims = [.. weight.Dims];
                NativeError.Check(NativeMethods.WeightsAdd(
                    weights, weight.Name, NativeTensors.DtypeOf(weight.ElementType), dims, (uint)dims.Length, (void*)weight.Address,
                    (ulong)weight.Bytes));
            }
            return weights;
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    [UnmanagedCallersOnly]
    static void Released(void* user) => Release((nint)user);

    static void Release(nint user)
    {
        GCHandle handle = GCHandle.FromIntPtr(user);
        var mapping = (SafeHandle?)handle.Target;
        handle.Free();
        mapping?.DangerousRelease();
    }
}
