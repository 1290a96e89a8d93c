using System.Text;
using EdgeML.Native.Interop;
using EdgeML.Native.Models;

namespace EdgeML.Native.Inference;

/// <summary>One piece of the network, ready to run: a unit, a head, a fused range, or several with their exits. Immutable; any thread.</summary>
sealed unsafe class Engine : IDisposable
{
    /// <summary>Index of an output the engine does not have.</summary>
    public const int None = -1;

    readonly EngineHandle _handle;

    public Engine(
        Backend backend, WeightsHandle weights, RangeModel model, NativeOptimization optimization = NativeOptimization.Default,
        BuildWatch? watch = null)
    {
        fixed (byte* bytes = model.Onnx)
        {
            var desc = new EngineDescNative
            {
                Model = bytes,
                ModelBytes = (ulong)model.Onnx.Length,
                Optimization = optimization,
                Progress = watch is null ? null : BuildWatch.Function,
                ProgressUser = watch is null ? null : watch.User,
            };
            NativeError.Check(NativeMethods.EngineCreate(out _handle, backend.Handle, weights, desc));
        }
        var info = new EngineInfoNative();
        NativeError.Check(NativeMethods.EngineGetInfo(ref info, _handle));
        ResidentBytes = (long)info.ResidentBytes;
        // RangeModel lists the boundary first where there is one.
        BoundaryOutput = model.Boundary is null ? None : 0;
        LogitsOutput = model.Logits is null ? None : model.Boundary is null ? 0 : 1;
        Gates = model.Gates;
    }

    /// <summary>The model as it would run, in layouts of this processor and with all weights inline.</summary>
    /// <returns>Null where nothing about its layout would change.</returns>
    /// <exception cref="IOException">The library hands the graph over in a file, and there is no room for it.</exception>
    public static byte[]? Optimize(Backend backend, WeightsHandle weights, RangeModel model)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("edgeml-");
        try
        {
            string file = Path.Combine(folder.FullName, "graph.onnx");
            fixed (byte* bytes = model.Onnx)
            fixed (byte* path = Encoding.UTF8.GetBytes(file + '\0'))
            {
                var desc = new EngineDescNative { Model = bytes, ModelBytes = (ulong)model.Onnx.Length };
                NativeError.Check(NativeMethods.EngineOptimize(out uint written, backend.Handle, weights, desc, path));
                return written == 0 ? null : File.ReadAllBytes(file);
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    public int BoundaryOutput { get; }

    public int LogitsOutput { get; }

    /// <summary>Side exits decided inside.</summary>
    public IReadOnlyList<GateOutput> Gates { get; }

    /// <summary>About what the engine holds beside shared weights.</summary>
    public long ResidentBytes { get; }

    internal EngineHandle Handle => _handle;

    public void Dispose() => _handle.Dispose();
}
