using System.Runtime.InteropServices;
using EdgeML.Native.Interop;
using EdgeML.Native.Interop.Types;
using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Models.Packages;

namespace EdgeML.Native.Inference.Engines;

/// <summary>One session, ready to run: a unit, a head, a fused range, or several with their exits. Immutable; any
/// thread.</summary>
sealed unsafe class Engine : IDisposable
{
    /// <summary>Index of an output the engine does not have.</summary>
    public const int None = -1;

    readonly EngineHandle _handle;

    public Engine(
        Backend backend, WeightsHandle weights, RangeModel model, BuildWatch? watch = null,
        NativeOptimization optimization = NativeOptimization.Default)
        : this(Create(backend, weights, model, watch, optimization), model, [])
    {
    }

    Engine(EngineHandle handle, RangeModel last, GateOutput[] gates)
    {
        _handle = handle;
        var info = new EngineInfoNative();
        NativeError.Check(NativeMethods.EngineGetInfo(ref info, _handle));
        ResidentBytes = (long)info.ResidentBytes;
        Batches = (info.Flags & EngineInfoNative.Batches) != 0;
        // RangeModel lists the boundary first where there is one.
        BoundaryOutput = last.Boundary is null ? None : 0;
        LogitsOutput = last.Logits is null ? None : last.Boundary is null ? 0 : 1;
        Gates = gates;
    }

    /// <summary>Consecutive ranges as one engine, decided at the exits between them; one thread at a time for the same
    /// weights.</summary>
    /// <param name="backend">One with gates.</param>
    /// <param name="weights">Gets copies of weights that this processor wants in another layout.</param>
    /// <param name="ranges">Every one but the last emits its boundary and the logits of its exit; one alone shares its copies, too.</param>
    /// <param name="exits">The exit after each; the last one does not matter.</param>
    /// <param name="copyLimit">Most bytes of such copies, those there already included.</param>
    /// <param name="optimization">Of each range alone.</param>
    /// <exception cref="NativeException"><see cref="NativeStatus.Unsupported"/> for ranges that cannot be joined, or copies beyond the
    /// limit.</exception>
    public static Engine Join(
        Backend backend, WeightsHandle weights, ReadOnlySpan<RangeModel> ranges, ReadOnlySpan<int> exits, long copyLimit,
        NativeOptimization optimization = NativeOptimization.Default)
    {
        var pinned = new PinnedGCHandle<byte[]>[ranges.Length];
        try
        {
            RangeNative* natives = stackalloc RangeNative[ranges.Length];
            for (int i = 0; i < ranges.Length; i++)
            {
                pinned[i] = new PinnedGCHandle<byte[]>(ranges[i].Onnx);
                natives[i] = new RangeNative
                {
                    Model = pinned[i].GetAddressOfArrayData(),
                    ModelBytes = (ulong)ranges[i].Onnx.Length,
                    ExitIndex = i + 1 < ranges.Length ? (uint)exits[i] : 0,
                };
            }
            var desc = new JoinDescNative
            {
                RangeCount = (uint)ranges.Length,
                Ranges = natives,
                CopyLimit = (ulong)copyLimit,
                Optimization = optimization,
            };
            NativeError.Check(NativeMethods.EngineJoin(out var handle, backend.Handle, weights, desc));
            var gates = new GateOutput[ranges.Length - 1];
            for (int i = 0; i < gates.Length; i++) gates[i] = new GateOutput(exits[i], ranges[^1].Outputs.Count + i);
            return new Engine(handle, ranges[^1], gates);
        }
        finally
        {
            foreach (ref PinnedGCHandle<byte[]> handle in pinned.AsSpan()) handle.Dispose();
        }
    }

    static EngineHandle Create(
        Backend backend, WeightsHandle weights, RangeModel model, BuildWatch? watch, NativeOptimization optimization)
    {
        fixed (byte* bytes = model.Onnx)
        {
            var desc = new EngineDescNative
            {
                Optimization = optimization,
                Model = bytes,
                ModelBytes = (ulong)model.Onnx.Length,
                Progress = watch is null ? null : BuildWatch.Function,
                ProgressUser = watch is null ? null : watch.User,
            };
            NativeError.Check(NativeMethods.EngineCreate(out var handle, backend.Handle, weights, desc));
            return handle;
        }
    }

    public int BoundaryOutput { get; }

    public int LogitsOutput { get; }

    /// <summary>Whether it takes several rows at once.</summary>
    public bool Batches { get; }

    /// <summary>Side exits decided inside.</summary>
    public GateOutput[] Gates { get; }

    /// <summary>About the bytes the engine holds beside shared weights.</summary>
    public long ResidentBytes { get; }

    internal EngineHandle Handle => _handle;

    public void Dispose() => _handle.Dispose();
}

/// <summary>A side exit that is decided inside a joined model.</summary>
/// <param name="Exit">From 1.</param>
/// <param name="Output">Index of the output with its logits.</param>
readonly record struct GateOutput(int Exit, int Output);
