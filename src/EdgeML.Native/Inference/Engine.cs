using EdgeML.Native.Interop;
using EdgeML.Native.Models;

namespace EdgeML.Native.Inference;

/// <summary>One piece of the network, ready to run: a unit, a head, or a fused range. Immutable; any thread.</summary>
sealed unsafe class Engine : IDisposable
{
    /// <summary>Index of an output the engine does not have.</summary>
    public const int None = -1;

    readonly EngineHandle _handle;

    public Engine(Backend backend, WeightsHandle weights, RangeModel model)
    {
        fixed (byte* bytes = model.Onnx)
        {
            var desc = new EngineDescNative { Model = bytes, ModelBytes = (ulong)model.Onnx.Length };
            NativeError.Check(NativeMethods.EngineCreate(out _handle, backend.Handle, weights, desc));
        }
        var info = new EngineInfoNative();
        NativeError.Check(NativeMethods.EngineGetInfo(ref info, _handle));
        ResidentBytes = (long)info.ResidentBytes;
        // RangeModel lists the boundary first where there is one.
        BoundaryOutput = model.Boundary is null ? None : 0;
        LogitsOutput = model.Logits is null ? None : model.Boundary is null ? 0 : 1;
    }

    public int BoundaryOutput { get; }

    public int LogitsOutput { get; }

    /// <summary>About what the engine holds beside shared weights.</summary>
    public long ResidentBytes { get; }

    internal EngineHandle Handle => _handle;

    public void Dispose() => _handle.Dispose();
}
