using System.Runtime.InteropServices;
using EdgeML.Native.Interop;
using EdgeML.Native.Interop.Types;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Models.Packages;

namespace EdgeML.Native.Tests.Models.Packages;

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
            NativeError.Check(NativeMethods.OutputsCreate(out OutputsHandle ran, engine, &data, [(ulong)input.Length * sizeof(float)], 1));
            using (ran)
            {
                var outputs = new float[info.Outputs][];
                for (uint i = 0; i < info.Outputs; i++)
                {
                    var output = new TensorInfoNative();
                    NativeError.Check(NativeMethods.OutputsGet(ref output, out void* values, ran, i));
                    outputs[i] = MemoryMarshal.Cast<byte, float>(new ReadOnlySpan<byte>(values, (int)output.Bytes)).ToArray();
                }
                return outputs;
            }
        }
    }

    /// <summary>Logits of every exit from a file as it is; where it ends in a softmax, what goes into it.</summary>
    internal float[][] Logits(byte[] file, ModelManifest manifest, float[] image)
    {
        float[][] outputs = Run(file, null, image);
        List<string> names = [.. ModelProto.Parser.ParseFrom(file).Graph.Output.Select(o => o.Name)];
        return [.. manifest.Exits.Select(e => e.Tensor == e.Name
            ? outputs[names.IndexOf(e.Name)] : Run(WithOutput(file, e.Tensor), null, image)[0])];
    }

    static byte[] WithOutput(byte[] file, string tensor)
    {
        ModelProto model = ModelProto.Parser.ParseFrom(file);
        model.Graph.Output.Clear();
        model.Graph.Output.Add(new ValueInfoProto { Name = tensor });
        return Google.Protobuf.MessageExtensions.ToByteArray(model);
    }

    public void Dispose() => _context.Dispose();
}
