using System.Runtime.InteropServices;
using EdgeML.Native.Interop;
using EdgeML.Native.Models;

namespace EdgeML.Native.Tests.Models;

/// <summary>Runs models on given inputs with the native engine.</summary>
sealed unsafe class NativeRuns : IDisposable
{
    readonly ContextHandle _context;

    internal NativeRuns()
    {
        NativeLibraryLoader.EnsureLoaded();
        NativeError.Check(NativeMethods.ContextCreate(out _context, new ContextDescNative()));
    }

    internal WeightsHandle Share(ModelPackage package) => package.CreateSharedWeights(_context);

    internal EngineHandle Load(byte[] onnx, WeightsHandle? weights = null)
    {
        fixed (byte* model = onnx)
        {
            using var none = new WeightsHandle();
            var desc = new EngineDescNative { Model = model, ModelBytes = (ulong)onnx.Length };
            NativeError.Check(NativeMethods.EngineCreate(out EngineHandle engine, _context, weights ?? none, desc));
            return engine;
        }
    }

    /// <summary>Outputs in the model's order.</summary>
    internal float[][] Run(byte[] onnx, WeightsHandle? weights, float[] input)
    {
        using EngineHandle engine = Load(onnx, weights);
        return Run(engine, input);
    }

    internal static float[][] Run(EngineHandle engine, float[] input)
    {
        var info = new EngineInfoNative();
        NativeError.Check(NativeMethods.EngineGetInfo(ref info, engine));
        fixed (float* first = input)
        {
            void* data = first;
            NativeError.Check(NativeMethods.ProbeCreate(out ProbeHandle probe, engine, &data, [(ulong)input.Length * sizeof(float)], 1));
            using (probe)
            {
                var outputs = new float[info.Outputs][];
                for (uint i = 0; i < info.Outputs; i++)
                {
                    var output = new TensorInfoNative();
                    NativeError.Check(NativeMethods.ProbeGetOutput(ref output, out void* values, probe, i));
                    outputs[i] = MemoryMarshal.Cast<byte, float>(new ReadOnlySpan<byte>(values, (int)output.Bytes)).ToArray();
                }
                return outputs;
            }
        }
    }

    public void Dispose() => _context.Dispose();
}
