using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;

namespace EdgeML.GrpcBaseline;

/// <summary>The layers after a cut as one session of ONNX Runtime, one thread a run. Any thread.</summary>
sealed class RestNetwork : IDisposable
{
    readonly InferenceSession _session;
    readonly RunOptions _runOptions = new();
    readonly SemaphoreSlim? _places;
    readonly ConcurrentBag<Memory> _free = [];
    readonly string[] _input, _output;
    readonly long[] _inputShape, _outputShape;

    /// <param name="onnx">One input and one output, both float32 of fixed shape.</param>
    /// <param name="atOnce">Runs at the same time; 0 for as many as there are calls.</param>
    public RestNetwork(string onnx, int atOnce)
    {
        using var options = new SessionOptions { IntraOpNumThreads = 1, InterOpNumThreads = 1 };
        _session = new InferenceSession(onnx, options);
        (_input, _output) = ([.. _session.InputMetadata.Keys], [.. _session.OutputMetadata.Keys]);
        _inputShape = [.. _session.InputMetadata[_input[0]].Dimensions.Select(size => (long)size)];
        _outputShape = [.. _session.OutputMetadata[_output[0]].Dimensions.Select(size => (long)size)];
        if (atOnce > 0) _places = new SemaphoreSlim(atOnce);
    }

    /// <summary>Bytes of the input tensor.</summary>
    public int InputBytes => sizeof(float) * (int)_inputShape.Aggregate((product, size) => product * size);

    public async ValueTask<ByteString> RunAsync(ByteString values, CancellationToken cancellation)
    {
        if (_places is not null) await _places.WaitAsync(cancellation);
        try
        {
            return Run(values);
        }
        finally
        {
            _places?.Release();
        }
    }

    public void Dispose()
    {
        foreach (Memory memory in _free) memory.Dispose();
        _runOptions.Dispose();
        _session.Dispose();
        _places?.Dispose();
    }

    ByteString Run(ByteString values)
    {
        if (!_free.TryTake(out Memory? memory)) memory = new Memory(_inputShape, _outputShape);
        values.Span.CopyTo(MemoryMarshal.AsBytes(memory.Input.AsSpan()));
        _session.Run(_runOptions, _input, memory.Inputs, _output, memory.Outputs);
        ByteString logits = ByteString.CopyFrom(MemoryMarshal.AsBytes(memory.Output.AsSpan()));
        _free.Add(memory);
        return logits;
    }

    /// <summary>Input and output of one run, bound once and used for run after run.</summary>
    sealed class Memory : IDisposable
    {
        public Memory(long[] inputShape, long[] outputShape)
        {
            Input = new float[inputShape.Aggregate((product, size) => product * size)];
            Output = new float[outputShape.Aggregate((product, size) => product * size)];
            Inputs = [OrtValue.CreateTensorValueFromMemory(Input, inputShape)];
            Outputs = [OrtValue.CreateTensorValueFromMemory(Output, outputShape)];
        }

        public float[] Input { get; }

        public float[] Output { get; }

        public OrtValue[] Inputs { get; }

        public OrtValue[] Outputs { get; }

        public void Dispose()
        {
            Inputs[0].Dispose();
            Outputs[0].Dispose();
        }
    }
}
