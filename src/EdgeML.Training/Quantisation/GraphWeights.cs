using System.Runtime.InteropServices;
using EdgeML.Native.Models.Onnx;
using Google.Protobuf;

namespace EdgeML.Training.Quantisation;

/// <summary>Weights of a graph as arrays, and back.</summary>
static class GraphWeights
{
    /// <summary>A copy of a float32 weight, or null.</summary>
    internal static float[]? Floats(GraphIndex index, string tensor) =>
        index.Initializers.TryGetValue(tensor, out TensorProto? weight) && weight.DataType == ElementType.Float && weight.HasRawData
            ? MemoryMarshal.Cast<byte, float>(weight.RawData.Span).ToArray() : null;

    internal static TensorProto Tensor<T>(string name, T[] values, IEnumerable<long> dims)
        where T : unmanaged
    {
        int type = default(T) switch
        {
            float => ElementType.Float,
            sbyte => ElementType.Int8,
            byte => ElementType.UInt8,
            int => ElementType.Int32,
            long => ElementType.Int64,
            _ => throw new ArgumentException($"no ONNX type for {typeof(T)}", nameof(values)),
        };
        return new TensorProto
        {
            Name = name,
            DataType = type,
            Dims = { dims },
            RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes<T>(values)),
        };
    }
}
