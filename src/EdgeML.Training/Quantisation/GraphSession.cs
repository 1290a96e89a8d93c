using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Interop;
using EdgeML.Native.Interop.Types;
using EdgeML.Native.Models.Onnx;
using Google.Protobuf;

namespace EdgeML.Training.Quantisation;

/// <summary>Runs a whole graph of floats, with any tensors as outputs. One thread at a time.</summary>
sealed unsafe class GraphSession : IDisposable
{
    /// <summary>Sees an output of a run; the values are valid during the call.</summary>
    internal delegate void Seen(int output, ReadOnlySpan<float> values);

    readonly Backend _backend;
    readonly Engine _engine;
    readonly int[] _elements;

    /// <param name="model">Weights inline; copied.</param>
    /// <param name="graph">Of the same input and shapes.</param>
    /// <param name="outputs">Tensors to put out, each a name of the model.</param>
    /// <exception cref="NativeException">The engine refuses the model.</exception>
    internal GraphSession(ModelProto model, WholeGraph graph, IReadOnlyList<string> outputs)
        : this(model, graph, outputs, [.. outputs.Select(o => checked((int)TensorInfo.Count(graph.Dims(o)!)))])
    {
    }

    /// <param name="model">Weights inline; copied.</param>
    /// <param name="graph">Of the same input.</param>
    /// <param name="outputs">Tensors to put out, each a name of the model.</param>
    /// <param name="elements">Of each output.</param>
    internal GraphSession(ModelProto model, WholeGraph graph, IReadOnlyList<string> outputs, int[] elements)
    {
        var whole = new ModelProto(model);
        whole.Graph.Output.Clear();
        whole.Graph.Output.Add(outputs.Select(o => new ValueInfoProto { Name = o }));
        _elements = elements;
        _backend = new Backend(new BackendOptions());
        try
        {
            using var none = new WeightsHandle();
            _engine = new Engine(_backend, none, new RangeModel(whole.ToByteArray(), graph.Input, graph.InputDims, outputs[0], null, outputs, []));
        }
        catch
        {
            _backend.Dispose();
            throw;
        }
    }

    internal void Run(ReadOnlySpan<float> input, Seen seen)
    {
        fixed (float* first = input)
        {
            void* data = first;
            NativeError.Check(NativeMethods.OutputsCreate(out OutputsHandle outputs, _engine.Handle, &data, [(ulong)input.Length * sizeof(float)], 1));
            using (outputs)
            {
                for (int i = 0; i < _elements.Length; i++)
                {
                    var info = new TensorInfoNative();
                    NativeError.Check(NativeMethods.OutputsGet(ref info, out void* values, outputs, (uint)i));
                    if (info.Dtype != NativeDtype.Float32 || info.Bytes != (ulong)_elements[i] * sizeof(float))
                        throw new InvalidOperationException($"output {i} has {info.Bytes} bytes, {_elements[i]} floats are expected");
                    seen(i, new ReadOnlySpan<float>(values, _elements[i]));
                }
            }
        }
    }

    public void Dispose()
    {
        _engine.Dispose();
        _backend.Dispose();
    }
}
