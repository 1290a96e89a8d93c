using System.Runtime.InteropServices;
using EdgeML.Native.Models.Onnx;

namespace EdgeML.Native.Preparation.Graph;

/// <summary>Runs graphs without optimisation to learn their tensors: the seam between graph surgery and the engine.</summary>
interface IGraphRunner
{
    /// <summary>Runs a model on several inputs.</summary>
    /// <param name="model">With weights inline and the shape of its input fixed; it may have more than 2 GB of weights.</param>
    /// <param name="inputs">One run each. One that the model cannot be run on is left out; if that happens to all, zeros are tried.</param>
    /// <param name="keep">Outputs whose values are wanted.</param>
    /// <exception cref="InvalidDataException">The engine cannot load or run the model; one line gives the reason.</exception>
    ProbeResult Probe(ModelProto model, IReadOnlyList<float[]> inputs, IReadOnlySet<string> keep);

    /// <summary>States in a sentence that a model is written in a newer version of ONNX than the engine reads; null for others.</summary>
    string? NewerThanEngine(ModelProto model) => null;

    /// <summary>Milliseconds of the fastest of some runs of a model without inputs; null where that cannot be measured.</summary>
    double? Measure(ModelProto model) => null;
}

/// <summary>The results of runs of a model.</summary>
/// <param name="Tensors">Type and full shape of every output, of the first run.</param>
/// <param name="Runs">The wanted values of each run, by name; none where the runner computes shapes only.</param>
sealed record ProbeResult(
    IReadOnlyDictionary<string, TensorInfo> Tensors, IReadOnlyList<IReadOnlyDictionary<string, ProbedTensor>> Runs);

/// <summary>A tensor with its elements.</summary>
/// <param name="Info">Type and shape.</param>
/// <param name="Data">Little-endian elements.</param>
sealed record ProbedTensor(TensorInfo Info, byte[] Data)
{
    /// <summary>The elements, or null where they are no floating-point numbers.</summary>
    internal double[]? Numbers() => Info.Type switch
    {
        ElementType.Float => Array.ConvertAll(MemoryMarshal.Cast<byte, float>(Data).ToArray(), x => (double)x),
        ElementType.Float16 => Array.ConvertAll(MemoryMarshal.Cast<byte, Half>(Data).ToArray(), x => (double)x),
        ElementType.Double => MemoryMarshal.Cast<byte, double>(Data).ToArray(),
        _ => null,
    };

    /// <summary>The first element as a whole number, or null.</summary>
    internal long? Integer() => Info.Type switch
    {
        ElementType.Int64 when Data.Length >= 8 => MemoryMarshal.Read<long>(Data),
        ElementType.Int32 when Data.Length >= 4 => MemoryMarshal.Read<int>(Data),
        _ => null,
    };

    /// <summary>As an initializer.</summary>
    internal TensorProto Weight(string name) => new()
    {
        Name = name,
        DataType = Info.Type,
        Dims = { Info.Dims },
        RawData = Google.Protobuf.UnsafeByteOperations.UnsafeWrap(Data),
    };
}
