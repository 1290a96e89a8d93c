using System.Runtime.InteropServices;
using EdgeML.Native.Interop;
using EdgeML.Native.Interop.Types;
using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Models.Packages;
using Google.Protobuf;

namespace EdgeML.Native.Tests.Preparation.RandomGraphs;

/// <summary>The reference: a file run whole, as it is, without optimisation, in an engine that knows nothing of packages.</summary>
sealed unsafe class UntouchedFile : IDisposable
{
    readonly ContextHandle _context;
    readonly EngineHandle _engine;

    /// <exception cref="NativeException">The inference library refuses the file.</exception>
    internal UntouchedFile(RandomGraph graph)
    {
        NativeLibraryLoader.EnsureLoaded();
        NativeError.Check(NativeMethods.ContextCreate(out _context, new ContextDescNative()));
        // What a softmax at the end reads is asked for as well; nothing else differs from the file.
        var model = graph.Model.Clone();
        foreach (GraphOutput output in graph.Outputs)
            if (output.IsProbability) model.Graph.Output.Add(new ValueInfoProto { Name = output.Scores });
        byte[] bytes = model.ToByteArray();
        fixed (byte* first = bytes)
        {
            using var none = new WeightsHandle();
            var desc = new EngineDescNative { Optimization = NativeOptimization.None, Model = first, ModelBytes = (ulong)bytes.Length };
            NativeError.Check(NativeMethods.EngineCreate(out _engine, _context, none, desc));
        }
    }

    /// <summary>The scores of every output for one input, by the output's name in the file.</summary>
    internal Dictionary<string, float[]> Run(RandomGraph graph, float[] input)
    {
        var info = new EngineInfoNative();
        NativeError.Check(NativeMethods.EngineGetInfo(ref info, _engine));
        var tensors = new Dictionary<string, float[]>();
        fixed (float* first = input)
        {
            void* data = first;
            NativeError.Check(NativeMethods.OutputsCreate(out OutputsHandle outputs, _engine, &data, [(ulong)input.Length * sizeof(float)], 1));
            using (outputs)
            {
                for (uint i = 0; i < info.Outputs; i++)
                {
                    var output = new TensorInfoNative();
                    NativeError.Check(NativeMethods.OutputsGet(ref output, out void* values, outputs, i));
                    tensors[NativeTensors.Name(in output)] = Read(output, values);
                }
            }
        }
        return graph.Outputs.ToDictionary(output => output.Name, output => tensors[output.Scores]);
    }

    static float[] Read(TensorInfoNative info, void* values)
    {
        var bytes = new ReadOnlySpan<byte>(values, (int)info.Bytes);
        return NativeTensors.ElementTypeOf(info.Dtype) == ElementType.Float16
            ? [.. MemoryMarshal.Cast<byte, Half>(bytes).ToArray().Select(half => (float)half)]
            : MemoryMarshal.Cast<byte, float>(bytes).ToArray();
    }

    public void Dispose()
    {
        _engine?.Dispose();
        _context.Dispose();
    }
}
