using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using EdgeML.Native.Interop;
using EdgeML.Native.Models;

namespace EdgeML.Native.Inference;

/// <summary>Hands the package's mapped weights to the backend once, so that every session over any range reads the same memory.</summary>
static unsafe class SharedWeights
{
    /// <summary>The mapping stays until the last session that reads it is gone, even when the package is disposed before.</summary>
    public static WeightsHandle Create(Backend backend, ModelPackage package)
    {
        var mapping = package.WeightsMapping;
        GCHandle hold = default;
        if (mapping is not null)
        {
            bool added = false;
            mapping.DangerousAddRef(ref added);
            hold = GCHandle.Alloc(mapping);
        }
        var status = NativeMethods.WeightsCreate(out var weights, backend.Handle, mapping is null ? null : &Released, (void*)GCHandle.ToIntPtr(hold));
        if (status != NativeStatus.Ok && mapping is not null) Release(hold);
        NativeError.Check(status);
        try
        {
            foreach (var tensor in package.SharedWeights)
            {
                NativeError.Check(NativeMethods.WeightsAdd(
                    weights, tensor.Name, Dtype(tensor), [.. tensor.Dims], (uint)tensor.Dims.Count, (void*)tensor.Address, (ulong)tensor.Bytes));
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
    static void Released(void* user) => Release(GCHandle.FromIntPtr((nint)user));

    static void Release(GCHandle hold)
    {
        var mapping = (SafeHandle)hold.Target!;
        hold.Free();
        mapping.DangerousRelease();
    }

    // The standard's numbers.
    static NativeDtype Dtype(WeightTensor tensor) => tensor.ElementType switch
    {
        1 => NativeDtype.Float32,
        2 => NativeDtype.UInt8,
        3 => NativeDtype.Int8,
        4 => NativeDtype.UInt16,
        5 => NativeDtype.Int16,
        6 => NativeDtype.Int32,
        7 => NativeDtype.Int64,
        9 => NativeDtype.Bool,
        10 => NativeDtype.Float16,
        11 => NativeDtype.Float64,
        12 => NativeDtype.UInt32,
        13 => NativeDtype.UInt64,
        16 => NativeDtype.BFloat16,
        _ => throw new InvalidDataException($"weight {tensor.Name} has element type {tensor.ElementType}, which sessions cannot share"),
    };
}
