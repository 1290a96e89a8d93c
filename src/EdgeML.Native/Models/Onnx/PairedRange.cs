using System.Runtime.InteropServices;
using Google.Protobuf;

namespace EdgeML.Native.Models.Onnx;

/// <summary>Writes a range of a quantised network as TensorRT takes it: integers stand between a QuantizeLinear and a DequantizeLinear only,
/// int8 with the zero point 0. Inputs and outputs of the range stay the same.</summary>
static class PairedRange
{
    const byte Middle = 128;

    /// <param name="range">With weights inline.</param>
    internal static RangeModel Of(RangeModel range)
    {
        ModelProto model = ModelProto.Parser.ParseFrom(range.Onnx);
        GraphProto graph = model.Graph;
        var weights = graph.Initializer.ToDictionary(w => w.Name);
        bool changed = false;
        foreach (NodeProto cast in graph.Node.Where(n => n is { OpType: "Cast", Input.Count: 1, Output.Count: 1 }).ToList())
        {
            string from = cast.Input[0], to = cast.Output[0];
            bool enters = from == range.Input, leaves = range.Outputs.Contains(to);
            NodeProto? pair = enters ? graph.Node.FirstOrDefault(n => n is { OpType: "DequantizeLinear", Input.Count: > 0 } && n.Input[0] == to)
                : leaves ? graph.Node.FirstOrDefault(n => n is { OpType: "QuantizeLinear", Output.Count: > 0 } && n.Output[0] == from) : null;
            if (pair is not { Input.Count: 3 } || !weights.TryGetValue(pair.Input[2], out TensorProto? zero) || Zero(zero) is not { } number)
                continue;
            int at = graph.Node.IndexOf(cast);
            graph.Node.RemoveAt(at);
            string scale = pair.Input[1], offset = Scalar(graph, to + "/zero", number);
            if (enters)
            {
                graph.Node.Insert(at, Node("Sub", to + "/above", from, offset));
                graph.Node.Insert(at + 1, Node("Mul", to + "/number", to + "/above", scale));
                graph.Node.Insert(at + 2, Node("QuantizeLinear", to, to + "/number", scale, pair.Input[2]));
            }
            else
            {
                graph.Node.Insert(at, Node("DequantizeLinear", to + "/number", from, scale, pair.Input[2]));
                graph.Node.Insert(at + 1, Node("Div", to + "/above", to + "/number", scale));
                graph.Node.Insert(at + 2, Node("Add", to, to + "/above", offset));
            }
            changed = true;
        }
        return MakeSigned(graph) || changed ? range with { Onnx = model.ToByteArray() } : range;
    }

    /// <summary>Zero points in the middle of uint8 become the 0 of int8.</summary>
    static bool MakeSigned(GraphProto graph)
    {
        bool changed = false;
        foreach (TensorProto zero in graph.Initializer)
        {
            if (zero.DataType != ElementType.UInt8 || zero.RawData.Length == 0 || zero.RawData.Span.ContainsAnyExcept(Middle)) continue;
            if (!graph.Node.Where(n => n.Input.Contains(zero.Name)).All(n => n.OpType is "QuantizeLinear" or "DequantizeLinear"
                && n.Input.Count == 3 && n.Input[2] == zero.Name && n.Input[0] != zero.Name))
                continue;
            (zero.DataType, zero.RawData) = (ElementType.Int8, ByteString.CopyFrom(new byte[zero.RawData.Length]));
            changed = true;
        }
        return changed;
    }

    static float? Zero(TensorProto zero) => (zero.DataType, zero.RawData.Length) switch
    {
        (ElementType.UInt8, 1) => zero.RawData[0],
        (ElementType.Int8, 1) => (sbyte)zero.RawData[0],
        _ => null,
    };

    static string Scalar(GraphProto graph, string name, float value)
    {
        graph.Initializer.Add(new TensorProto
        {
            Name = name,
            DataType = ElementType.Float,
            RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes<float>([value])),
        });
        return name;
    }

    static NodeProto Node(string op, string output, params string[] inputs) =>
        new() { OpType = op, Name = output, Input = { inputs }, Output = { output } };
}
