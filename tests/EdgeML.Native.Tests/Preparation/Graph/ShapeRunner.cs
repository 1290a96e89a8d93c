using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Preparation.Graph;

namespace EdgeML.Native.Tests.Preparation.Graph;

/// <summary>Shapes of the operators the tests use, computed without an engine.</summary>
sealed class ShapeRunner : IGraphRunner
{
    readonly Dictionary<string, TensorInfo> _known = [];
    readonly Dictionary<string, long[]> _values = [];

    public ProbeResult Probe(ModelProto model, IReadOnlyList<float[]> inputs, IReadOnlySet<string> keep) => new(Shapes(model), []);

    internal Dictionary<string, TensorInfo> Shapes(byte[] onnx) => Shapes(ModelProto.Parser.ParseFrom(onnx));

    Dictionary<string, TensorInfo> Shapes(ModelProto model)
    {
        _known.Clear();
        _values.Clear();
        GraphProto graph = model.Graph;
        foreach (ValueInfoProto input in graph.Input)
            _known[input.Name] = new(input.Type.TensorType.ElemType, [.. input.Type.TensorType.Shape.Dim.Select(d => d.DimValue)]);
        foreach (TensorProto weight in graph.Initializer)
        {
            _known[weight.Name] = new(weight.DataType, [.. weight.Dims]);
            if (weight.DataType == ElementType.Int64)
                _values[weight.Name] = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, long>(weight.RawData.Span).ToArray();
        }
        foreach (NodeProto node in new GraphIndex(graph).Nodes) Step(node);
        return graph.Output.ToDictionary(o => o.Name, o => _known[o.Name]);
    }

    void Step(NodeProto node)
    {
        try
        {
            TensorInfo x = _known[node.Input[0]];
            _known[node.Output[0]] = x with { Type = Type(node, x), Dims = Dims(node, x.Dims) };
        }
        catch (Exception e) when (
            e is KeyNotFoundException or IndexOutOfRangeException or ArgumentException or DivideByZeroException
                or OverflowException or NullReferenceException)
        {
            throw new InvalidDataException($"the engine refuses {node.OpType}: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }

    static int Type(NodeProto node, TensorInfo x) => node.OpType switch
    {
        "Cast" => (int)Attribute(node, "to", 1),
        "Shape" => ElementType.Int64,
        _ => x.Type,
    };

    long[] Dims(NodeProto node, long[] x)
    {
        switch (node.OpType)
        {
            case "Conv":
                long[] w = _known[node.Input[1]].Dims;
                return [1, w[0], .. Spatial(node, x, w[2], w[3])];
            case "MaxPool" or "AveragePool":
                long[] kernel = Attributes(node, "kernel_shape") ?? throw new ArgumentException("no kernel");
                return [1, x[1], .. Spatial(node, x, kernel[0], kernel[1])];
            case "GlobalAveragePool": return [1, x[1], 1, 1];
            case "Flatten": return [1, TensorInfo.Count(x)];
            case "Gemm": return [1, _known[node.Input[1]].Dims[Attribute(node, "transB", 0) == 1 ? 0 : 1]];
            case "MatMul": return [.. x[..^1], _known[node.Input[1]].Dims[^1]];
            case "Transpose": return [.. Attributes(node, "perm")!.Select(p => x[p])];
            case "Concat":
                int axis = (int)Attribute(node, "axis", 0);
                if (node.Input.All(_values.ContainsKey)) _values[node.Output[0]] = [.. node.Input.SelectMany(i => _values[i])];
                long[] sum = [.. x];
                sum[axis] = node.Input.Sum(i => _known[i].Dims[axis]);
                return sum;
            case "Shape":
                _values[node.Output[0]] = x;
                return [x.Length];
            case "Gather":
                _values[node.Output[0]] = [_values[node.Input[0]][_values[node.Input[1]][0]]];
                return [];
            case "Unsqueeze":
                _values[node.Output[0]] = _values[node.Input[0]];
                return [1];
            case "Reshape":
                long[] wanted = [.. _values[node.Input[1]]];
                int open = Array.IndexOf(wanted, -1);
                if (open >= 0) wanted[open] = TensorInfo.Count(x) / TensorInfo.Count(wanted.Where(d => d > 0));
                return wanted;
            case "Pad":
                return x;
            case "Add" or "Sub" or "Mul" or "Div":
                long[] y = _known[node.Input[1]].Dims;
                return y.Length > x.Length || TensorInfo.Count(y) > TensorInfo.Count(x) ? y : x;
            default: return x;
        }
    }

    static IEnumerable<long> Spatial(NodeProto node, long[] x, params long[] kernel)
    {
        long[] strides = Attributes(node, "strides") ?? [1, 1], pads = Attributes(node, "pads") ?? [0, 0, 0, 0];
        for (int i = 0; i < 2; i++) yield return ((x[2 + i] + pads[i] + pads[2 + i] - kernel[i]) / strides[i]) + 1;
    }

    static long Attribute(NodeProto node, string name, long missing) => node.Attribute.FirstOrDefault(a => a.Name == name)?.I ?? missing;

    static long[]? Attributes(NodeProto node, string name) => node.Attribute.FirstOrDefault(a => a.Name == name)?.Ints.ToArray();
}
