using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Onnx;

namespace EdgeML.Native.Preparation.Graph;

/// <summary>Adds nodes that take named inputs out of one row of float32, and nodes that put named outputs into one.</summary>
/// <remarks>Integers of more than 16 bits are divided by <c>Div</c>, <c>Mul</c> and <c>Sub</c> alone, which have integers in every operator
/// set from 7 on.</remarks>
sealed class NamedTensorNodes(ModelProto model)
{
    /// <summary>Operators before this version do not repeat a scalar for every element.</summary>
    const long Broadcasts = 7;

    /// <summary>From this version on, Slice takes its limits as inputs.</summary>
    const long SliceTakesInputs = 10;

    readonly GraphProto _graph = model.Graph;
    readonly long _version = model.OpsetImport.First(o => o.Domain is "" or "ai.onnx").Version;
    readonly List<NodeProto> _made = [];
    readonly Dictionary<string, TensorInfo> _infos = [];
    readonly HashSet<string> _names = Names(model.Graph);

    /// <summary>The nodes added so far, in order; not in the graph yet.</summary>
    internal IReadOnlyList<NodeProto> Made => _made;

    /// <summary>Tensors of outputs that these nodes make.</summary>
    internal IReadOnlyDictionary<string, TensorInfo> Infos => _infos;

    /// <summary>Takes a tensor out of the row.</summary>
    /// <returns>Nodes that make its parts, floats, and those that make the tensor of them.</returns>
    internal (IReadOnlyList<NodeProto> Parts, IReadOnlyList<NodeProto> Others) Unpack(string row, NamedTensor tensor, int type)
    {
        int before = _made.Count;
        string prefix = $"{row}/{tensor.Name}";
        int parts = NamedTensor.PartsOf(tensor.Type), elements = tensor.Elements;
        string value = "";
        for (int part = parts - 1; part >= 0; part--)
        {
            string read = Slice(row, $"{prefix}/part{part}", tensor.Offset + (part * elements), elements);
            if (parts == 1)
            {
                value = read;
                break;
            }
            string whole = Cast(read, $"{prefix}/part{part}/int", ElementType.Int64);
            value = value.Length == 0 ? whole
                : Add("Add", [Add("Mul", [value, Scalar(prefix)], $"{prefix}/high{part}"), whole], $"{prefix}/sum{part}");
        }
        int made = parts == 1 ? ElementType.Float : ElementType.Int64;
        if (made != type) value = Cast(value, $"{prefix}/cast", type);
        Add("Reshape", [value, Integers($"{prefix}/shape", [.. tensor.Shape.Select(d => (long)d)])], tensor.Name, free: false);
        ILookup<bool, NodeProto> nodes = _made.Skip(before).ToLookup(node => node.OpType == "Slice");
        return ([.. nodes[true]], [.. nodes[false]]);
    }

    /// <summary>The parts of a tensor as rows of float32, in their order.</summary>
    /// <exception cref="InvalidDataException">An operator set that cannot divide integers.</exception>
    internal List<string> Pack(string row, string tensor, TensorInfo info)
    {
        string prefix = $"{row}/{tensor}";
        // Flatten keeps the batch apart, for runs of several rows.
        string flat = info.Dims is [1, _, ..] ? Row("Flatten", [tensor], $"{prefix}/row", info.Type, Int("axis", 1))
            : Row("Reshape", [tensor, Integers($"{prefix}/shape", [1, info.Elements])], $"{prefix}/row", info.Type);
        int parts = NamedTensor.PartsOf(ElementType.Name(info.Type));
        if (parts <= 1) return [info.Type == ElementType.Float ? flat : Row("Cast", [flat], $"{prefix}/float", ElementType.Float, To(ElementType.Float))];
        if (_version < Broadcasts)
            throw new InvalidDataException(
                $"output '{tensor}' is {ElementType.Name(info.Type)}, which takes operators of set {Broadcasts}, the file has {_version}");
        List<string> rows = [];
        const int whole = ElementType.Int64;
        string value = info.Type == whole ? flat : Row("Cast", [flat], $"{prefix}/int", whole, To(whole));
        for (int part = 0; part < parts - 1; part++)
        {
            string high = Row("Div", [value, Scalar(prefix)], $"{prefix}/high{part}", whole);
            string below = Row("Mul", [high, Scalar(prefix)], $"{prefix}/below{part}", whole);
            string low = Row("Sub", [value, below], $"{prefix}/low{part}", whole);
            rows.Add(Row("Cast", [low], $"{prefix}/part{part}", ElementType.Float, To(ElementType.Float)));
            value = high;
        }
        rows.Add(Row("Cast", [value], $"{prefix}/part{parts - 1}", ElementType.Float, To(ElementType.Float)));
        return rows;

        string Row(string op, string[] inputs, string name, int type, params AttributeProto[] attributes)
        {
            string made = Add(op, inputs, name, attributes);
            _infos.Add(made, new TensorInfo(type, [1, info.Elements]));
            return made;
        }
    }

    /// <summary>Puts rows one after the other.</summary>
    internal string Join(IReadOnlyList<string> rows, string name, long elements)
    {
        string made = Add("Concat", [.. rows], name, Int("axis", 1));
        _infos.Add(made, new TensorInfo(ElementType.Float, [1, elements]));
        return made;
    }

    /// <summary>A name that nothing has.</summary>
    internal string Free(string name)
    {
        while (!_names.Add(name)) name += "_";
        return name;
    }

    string Slice(string row, string name, long from, long count)
    {
        if (_version < SliceTakesInputs)
            return Add("Slice", [row], name, Ints("starts", from), Ints("ends", from + count), Ints("axes", 1));
        return Add("Slice", [row, Integers(name + "/from", [from]), Integers(name + "/to", [from + count]), Integers(name + "/axis", [1])], name);
    }

    string Cast(string tensor, string name, int type) => Add("Cast", [tensor], name, To(type));

    string Scalar(string prefix) => Integers($"{prefix}/scale", [1L << NamedTensor.PartBits]);

    string Integers(string name, long[] values)
    {
        name = Free(name);
        var weight = new TensorProto { Name = name, DataType = ElementType.Int64, Dims = { values.Length }, Int64Data = { values } };
        WeightData.Normalise(weight);
        _graph.Initializer.Add(weight);
        return name;
    }

    string Add(string op, string[] inputs, string output, params AttributeProto[] attributes) => Add(op, inputs, output, true, attributes);

    string Add(string op, string[] inputs, string output, bool free, params AttributeProto[] attributes)
    {
        if (free) output = Free(output);
        _made.Add(new NodeProto { OpType = op, Name = output, Input = { inputs }, Output = { output }, Attribute = { attributes } });
        return output;
    }

    static AttributeProto To(int type) => Int("to", type);

    static AttributeProto Int(string name, long value) => new() { Name = name, Type = 2, I = value };

    static AttributeProto Ints(string name, params long[] values) => new() { Name = name, Type = 7, Ints = { values } };

    static HashSet<string> Names(GraphProto graph) =>
    [
        .. graph.Node.SelectMany(n => n.Output.Append(n.Name)), .. graph.Initializer.Select(w => w.Name), .. graph.Input.Select(i => i.Name),
    ];
}
