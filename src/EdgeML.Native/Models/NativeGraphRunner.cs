using EdgeML.Native.Models.Graph;

namespace EdgeML.Native.Models;

/// <summary>Runs graphs with the native engine.</summary>
sealed class NativeGraphRunner : IGraphRunner
{
    public IReadOnlyDictionary<string, TensorInfo> Probe(ReadOnlyMemory<byte> onnx) => throw new InvalidDataException("x");
}
