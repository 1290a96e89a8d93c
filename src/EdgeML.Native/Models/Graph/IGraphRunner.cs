namespace EdgeML.Native.Models.Graph;

/// <summary>Runs a graph once to learn the shapes of its tensors: the seam between graph surgery and the engine.</summary>
interface IGraphRunner
{
    /// <summary>Types and shapes of every output of <paramref name="onnx"/>, by name, for an input of zeros.</summary>
    /// <param name="onnx">A model of at most 2 GB whose input shape is fixed.</param>
    /// <exception cref="InvalidDataException">The engine cannot load or run the model; one line says why.</exception>
    IReadOnlyDictionary<string, TensorInfo> Probe(ReadOnlyMemory<byte> onnx);
}
