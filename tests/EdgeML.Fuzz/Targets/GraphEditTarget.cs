using EdgeML.Native.Models.Onnx;
using Google.Protobuf;

namespace EdgeML.Fuzz.Targets;

/// <summary>Models that are sound as files and odd as graphs: the input is a list of edits of a small model, four bytes each, which reach what
/// damaged bytes rarely do. Read as <see cref="OnnxTarget"/> reads files.</summary>
static class GraphEditTarget
{
    const int EditBytes = 4, MostEdits = 64;

    static readonly string[] s_operators =
    [
        "Relu", "Conv", "Gemm", "MatMul", "Add", "Mul", "Concat", "Reshape", "Flatten", "Transpose", "Softmax", "LogSoftmax", "Sigmoid", "Dropout",
        "BatchNormalization", "QuantizeLinear", "DequantizeLinear", "Cast", "Identity", "Constant", "Shape", "Gather", "Unsqueeze", "If", "ZipMap",
        "GlobalAveragePool", "MaxPool", "Einsum", "Block", "NonZero", "ConstantOfShape", "Expand",
    ];

    // Inputs may be large, up to a stated limit, so that these are small or beyond it.
    static readonly long[] s_numbers = [0, 1, -1, 2, 3, 4, 5, 8, 12, 16, int.MaxValue, int.MinValue, 1L << 32, long.MaxValue, long.MinValue, -2];

    static readonly Lazy<byte[][]> s_models = new(() => [.. OnnxTarget.Models().Select(model => model.Bytes)]);

    public static FuzzTarget Target { get; } = new("edits", "edited ONNX models", 8_000, Read, Seeds)
    {
        MostBytes = 1 + (EditBytes * MostEdits),
        MostAllocated = 64 << 20,
        AllocatedPerByte = 4096,
    };

    static bool Read(ReadOnlyMemory<byte> data)
    {
        if (data.IsEmpty) return false;
        byte[][] models = s_models.Value;
        ModelProto model = ModelProto.Parser.ParseFrom(models[data.Span[0] % models.Length]);
        for (int at = 1; at + EditBytes <= data.Length; at += EditBytes) Edit(model, data.Span.Slice(at, EditBytes));
        return OnnxTarget.Target.Read(model.ToByteArray());
    }

    static void Edit(ModelProto model, ReadOnlySpan<byte> edit)
    {
        (byte what, byte which, byte part, byte value) = (edit[0], edit[1], edit[2], edit[3]);
        GraphProto graph = model.Graph;
        if (graph.Node.Count == 0) return;
        NodeProto node = graph.Node[which % graph.Node.Count];
        switch (what % 20)
        {
            case 0: if (node.Input.Count > 0) node.Input.RemoveAt(part % node.Input.Count); break;
            case 1: node.Input.Add(Tensor(graph, value)); break;
            case 2: if (node.Input.Count > 0) node.Input[part % node.Input.Count] = Tensor(graph, value); break;
            case 3: if (node.Output.Count > 0) node.Output.RemoveAt(part % node.Output.Count); break;
            case 4: node.Output.Add($"made{value}"); break;
            case 5: if (node.Output.Count > 0) node.Output[part % node.Output.Count] = Tensor(graph, value); break;
            case 6: node.OpType = s_operators[value % s_operators.Length]; break;
            case 7: if (node.Attribute.Count > 0) node.Attribute.RemoveAt(part % node.Attribute.Count); break;
            case 8: if (node.Attribute.Count > 0) Change(node.Attribute[part % node.Attribute.Count], value); break;
            case 9: graph.Node.Insert(part % graph.Node.Count, node.Clone()); break;
            case 10: graph.Node.Remove(node); break;
            case 11: if (graph.Initializer.Count > 0) Change(graph.Initializer[which % graph.Initializer.Count], part, value); break;
            case 12: graph.Input.Add(new ValueInfoProto { Name = Tensor(graph, value) }); break;
            case 13: graph.Output.Add(new ValueInfoProto { Name = Tensor(graph, value) }); break;
            case 14: if (graph.Output.Count > 0) graph.Output[part % graph.Output.Count].Name = Tensor(graph, value); break;
            case 15: Dimension(graph, which, part)?.ClearValue(); break;
            case 16: if (Dimension(graph, which, part) is { } dim) dim.DimValue = Number(value); break;
            case 17: model.OpsetImport[0].Version = value % 24; break;
            case 18: node.Domain = (value % 3) switch { 0 => "", 1 => "ai.onnx", _ => "local" }; break;
            default:
                foreach (FunctionProto function in model.Functions.Take(1))
                    if (function.Node.Count > 0) function.Node[part % function.Node.Count].OpType = s_operators[value % s_operators.Length];
                break;
        }
    }

    static void Change(AttributeProto attribute, byte value)
    {
        switch (value % 5)
        {
            case 0: attribute.I = Number(value); break;
            case 1: if (attribute.Ints.Count > 0) attribute.Ints[value % attribute.Ints.Count] = Number((byte)(value / 5)); break;
            case 2: attribute.Ints.Add(Number(value)); break;
            case 3: attribute.Name = value % 2 == 0 ? "axis" : "value"; break;
            default: attribute.T = new TensorProto { DataType = value % 20, RawData = ByteString.CopyFrom(new byte[value % 9]) }; break;
        }
    }

    static void Change(TensorProto weight, byte part, byte value)
    {
        switch (part % 5)
        {
            case 0: weight.DataType = value % 24; break;
            case 1: if (weight.Dims.Count > 0) weight.Dims[value % weight.Dims.Count] = Number((byte)(value / 4)); break;
            case 2: weight.Dims.Clear(); break;
            case 3: weight.Name = $"made{value}"; break;
            default: weight.RawData = ByteString.CopyFrom(new byte[value]); break;
        }
    }

    static long Number(byte value) => s_numbers[value % s_numbers.Length];

    /// <summary>A name that is there: of an input, a weight, or what a node makes; sometimes of nothing.</summary>
    static string Tensor(GraphProto graph, byte value)
    {
        string[] names = [.. graph.Input.Select(i => i.Name), .. graph.Node.SelectMany(n => n.Output), .. graph.Initializer.Select(w => w.Name), "", "gone"];
        return names[value % names.Length];
    }

    static TensorShapeProto.Types.Dimension? Dimension(GraphProto graph, byte which, byte part)
    {
        if (graph.Input.Count == 0 || graph.Input[which % graph.Input.Count].Type?.TensorType?.Shape is not { Dim.Count: > 0 } shape) return null;
        return shape.Dim[part % shape.Dim.Count];
    }

    static IEnumerable<(string, byte[])> Seeds()
    {
        for (byte i = 0; i < s_models.Value.Length; i++)
            yield return ($"model{i}", [i, 17, 0, 0, 17, 9, 1, 2, (byte)i, 6, 2, 0, 10, 16, 0, 1, 3]);
        yield return ("plain", [0]);
    }
}
