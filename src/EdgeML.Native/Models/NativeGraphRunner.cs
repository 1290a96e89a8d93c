using EdgeML.Native.Interop;
using EdgeML.Native.Models.Graph;

namespace EdgeML.Native.Models;

/// <summary>Runs graphs with the native engine.</summary>
sealed unsafe class NativeGraphRunner : IGraphRunner
{
    public IReadOnlyDictionary<string, TensorInfo> Probe(ReadOnlyMemory<byte> onnx)
    {
        var tensors = new Dictionary<string, TensorInfo>();
        // Anything missing on this machine speaks for itself; only the engine's verdict on the model is the model's fault.
        NativeLibraryLoader.EnsureLoaded();
        var contextDesc = new ContextDescNative();
        NativeError.Check(NativeMethods.ContextCreate(out ContextHandle context, contextDesc));
        using (context)
        {
            try
            {
                using EngineHandle engine = Load(context, onnx.Span);
                Run(engine, tensors);
            }
            catch (NativeException e) when (e.Status is not NativeStatus.Internal)
            {
                throw new InvalidDataException($"the engine refuses the model: {OnnxFile.OneLine(e.Message)}", e);
            }
        }
        return tensors;
    }

    static EngineHandle Load(ContextHandle context, ReadOnlySpan<byte> onnx)
    {
        fixed (byte* model = onnx)
        {
            var desc = new EngineDescNative { Optimization = NativeOptimization.None, Model = model, ModelBytes = (ulong)onnx.Length };
            using var noWeights = new WeightsHandle();
            NativeError.Check(NativeMethods.EngineCreate(out EngineHandle engine, context, noWeights, desc));
            return engine;
        }
    }

    static void Run(EngineHandle engine, Dictionary<string, TensorInfo> tensors)
    {
        var info = new EngineInfoNative();
        NativeError.Check(NativeMethods.EngineGetInfo(ref info, engine));
        if (info.Inputs != 1) throw new InvalidDataException($"the engine sees {info.Inputs} inputs, one is supported");
        var input = new TensorInfoNative();
        NativeError.Check(NativeMethods.EngineGetInput(ref input, engine, 0));
        void* zeros = null;
        NativeError.Check(NativeMethods.ProbeCreate(out ProbeHandle probe, engine, &zeros, [input.Bytes], 1));
        using (probe)
        {
            for (uint i = 0; i < info.Outputs; i++)
            {
                var output = new TensorInfoNative();
                NativeError.Check(NativeMethods.ProbeGetOutput(ref output, out _, probe, i));
                tensors.Add(
                    NativeTensors.Name(in output),
                    new TensorInfo(NativeTensors.ElementTypeOf(output.Dtype), NativeTensors.Dims(in output)));
            }
        }
    }
}
