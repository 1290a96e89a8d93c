using System.Runtime.InteropServices;
using Google.Protobuf;

namespace EdgeML.Native.Models.Onnx;

/// <summary>Writes a range for any number of rows: packages are made for one. Whether the rows come out as they do alone has to be tried,
/// since an operator may mix them.</summary>
sealed class OpenBatch
{
    const string Rows = "edgeml/rows";

    /// <summary>Of a shape, and nodes in a row that make one.</summary>
    const int MostNumbers = 64, MostSteps = 64;

    readonly GraphProto _graph;
    readonly string _input;
    readonly Dictionary<string, TensorProto> _constants;
    readonly Dictionary<string, NodeProto> _producers = [];
    readonly List<NodeProto> _nodes = [];
    int _made;

    OpenBatch(GraphProto graph, string input)
    {
        (_graph, _input) = (graph, input);
        _constants = graph.Initializer.ToDictionary(tensor => tensor.Name);
        foreach (NodeProto node in graph.Node)
        {
            if (node is { OpType: "Constant", Output.Count: 1, Attribute: [{ Name: "value", T: { } value }] }) _constants.TryAdd(node.Output[0], value);
            foreach (string output in node.Output) _producers.TryAdd(output, node);
        }
    }

    /// <summary>The same range with an open first dimension.</summary>
    /// <returns>Null where a tensor that goes in or comes out has no leading 1.</returns>
    internal static RangeModel? Of(RangeModel range)
    {
        ModelProto model = ModelProto.Parser.ParseFrom(range.Onnx);
        if (!model.Graph.Input.Concat(model.Graph.Output).All(Open)) return null;
        new OpenBatch(model.Graph, range.Input).Rewrite();
        return range with { Onnx = model.ToByteArray() };
    }

    static bool Open(ValueInfoProto value)
    {
        var dims = value.Type.TensorType.Shape.Dim;
        if (dims is not [{ DimValue: 1 }, _, ..]) return false;
        dims[0] = new TensorShapeProto.Types.Dimension { DimParam = Rows };
        return true;
    }

    void Rewrite()
    {
        foreach (NodeProto node in _graph.Node)
        {
            if (node is { OpType: "Reshape", Input.Count: 2 } && IsStandard(node) && !node.Attribute.Any(a => a is { Name: "allowzero", I: not 0 }))
                node.Input[1] = OwnRows(node.Input[1]);
            else if (node.OpType == "Concat" && IsStandard(node) && node.Attribute.FirstOrDefault(a => a.Name == "axis") is { I: not 0 })
                Repeat(node);
            _nodes.Add(node);
        }
        _graph.Node.Clear();
        _graph.Node.Add(_nodes);
    }

    /// <summary>A shape that begins with the one row of the package begins with 0 instead, which stands for the rows that the tensor
    /// has.</summary>
    string OwnRows(string shape) => Numbers(shape) is [1, .. var rest] ? Constant([0, .. rest]) : shape;

    /// <summary>The values of a tensor of integers, also where nodes put it together, as exporters read a shape; null where it is not
    /// known.</summary>
    long[]? Numbers(string tensor, int steps = 0)
    {
        if (_constants.TryGetValue(tensor, out TensorProto? constant)) return Integers(constant);
        if (steps == MostSteps || !_producers.TryGetValue(tensor, out NodeProto? node) || !IsStandard(node)) return null;
        switch (node.OpType)
        {
            case "Unsqueeze" or "Squeeze" or "Identity" or "Cast" when node.Input.Count > 0: return Numbers(node.Input[0], steps + 1);
            case "Gather" when node.Input.Count == 2:
                return Numbers(node.Input[0], steps + 1) is { } from && Numbers(node.Input[1], steps + 1) is [var at] && at >= 0 && at < from.Length ? [from[at]] : null;
            case "Concat":
                var all = new List<long>();
                foreach (string input in node.Input)
                {
                    if (Numbers(input, steps + 1) is not { } part || all.Count + part.Length > MostNumbers) return null;
                    all.AddRange(part);
                }
                return [.. all];
            default: return null;
        }
    }

    /// <summary>A weight that is put to every row, such as a class token, once for each.</summary>
    void Repeat(NodeProto concat)
    {
        if (concat.Input.All(input => RankOfOneRow(input) > 0)) return;
        for (int i = 0; i < concat.Input.Count; i++)
        {
            int rank = RankOfOneRow(concat.Input[i]);
            if (rank < 2) continue;
            string rows = Node("Gather", Node("Shape", _input), Constant([0]));
            string shape = Fresh(), repeated = Fresh();
            _nodes.Add(new NodeProto
            {
                OpType = "Concat",
                Input = { rows, Constant([.. Enumerable.Repeat(1L, rank - 1)]) },
                Output = { shape },
                Attribute = { new AttributeProto { Name = "axis", Type = 2, I = 0 } },
            });
            _nodes.Add(new NodeProto { OpType = "Expand", Input = { concat.Input[i], shape }, Output = { repeated } });
            concat.Input[i] = repeated;
        }
    }

    /// <summary>Dimensions of a constant whose first one is 1; 0 for anything else.</summary>
    int RankOfOneRow(string tensor)
    {
        if (_constants.TryGetValue(tensor, out TensorProto? constant)) return constant.Dims is [1, ..] ? constant.Dims.Count : 0;
        return _producers.TryGetValue(tensor, out NodeProto? node) && node is { OpType: "Expand", Input.Count: 2 } && _constants.ContainsKey(node.Input[0])
            && Numbers(node.Input[1]) is [1, ..] dims ? dims.Length : 0;
    }

    static long[]? Integers(TensorProto tensor) =>
        tensor.DataType != ElementType.Int64 || tensor.DataLocation != 0 ? null
            : tensor.RawData.Length > 0 ? MemoryMarshal.Cast<byte, long>(tensor.RawData.Span).ToArray() : [.. tensor.Int64Data];

    string Constant(long[] values)
    {
        var tensor = new TensorProto { Name = Fresh(), DataType = ElementType.Int64, RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes<long>(values)) };
        tensor.Dims.Add(values.Length);
        _graph.Initializer.Add(tensor);
        return tensor.Name;
    }

    string Node(string op, params string[] inputs)
    {
        string output = Fresh();
        _nodes.Add(new NodeProto { OpType = op, Input = { inputs }, Output = { output } });
        return output;
    }

    string Fresh() => $"{Rows}/{_made++}";

    static bool IsStandard(NodeProto node) => node.Domain is "" or "ai.onnx";
}
