using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Preparation.Options;

namespace EdgeML.Native.Preparation.Graph;

/// <summary>Brings a graph's inputs into the one form that surgery works on: a single float32 tensor with a batch of 1.</summary>
static class NetworkInputs
{
    /// <summary>Name of the row of several inputs.</summary>
    internal const string RowName = "edgeml/inputs";

    const long MaxElements = 1L << 28;

    /// <summary>Finds the inputs that outputs depend on, fixes their shapes, and packs them where they are not one of float32.</summary>
    /// <param name="model">Changed in place.</param>
    /// <param name="index">Of its graph.</param>
    /// <param name="outputs">Tensors.</param>
    /// <param name="options">Shapes that the file leaves open.</param>
    /// <returns>The one input that the graph has then, and those that lie in it; null for one of float32.</returns>
    /// <exception cref="InvalidDataException">Inputs that cannot be taken; one line gives the reason.</exception>
    internal static (string Input, IReadOnlyList<NamedTensor>? Named) Make(
        ModelProto model, GraphIndex index, IReadOnlyList<string> outputs, PrepareOptions options)
    {
        GraphProto graph = model.Graph;
        List<ValueInfoProto> inputs = Needed(graph, index, outputs);
        if (IsPlain(inputs))
        {
            IReadOnlyList<int>? shape = ShapeOf(inputs[0].Name, options);
            ValueInfoProto only = ClassifierInput.Find(graph, index, outputs, shape);
            long[] fixedDims = ClassifierInput.Dims(only, shape);
            for (int i = 0; i < fixedDims.Length; i++) only.Type.TensorType.Shape.Dim[i].DimValue = fixedDims[i];
            return (only.Name, null);
        }
        List<NamedTensor> named = Describe(inputs, options);
        var nodes = new NamedTensorNodes(model);
        string row = nodes.Free(RowName);
        // One input of small integers stays a picture where it is one.
        bool whole = named is [{ Shape: [1, _, ..] } single] && single.RowElements == single.Elements;
        long[] dims = whole ? [.. named[0].Shape.Select(d => (long)d)] : [1, NamedTensor.RowOf(named)];
        if (whole)
            graph.Node.Insert(0, new NodeProto
            {
                OpType = "Cast",
                Name = row + "/cast",
                Input = { row },
                Output = { named[0].Name },
                Attribute = { new AttributeProto { Name = "to", Type = 2, I = Type(inputs[0]) } },
            });
        else
        {
            for (int i = 0; i < named.Count; i++)
            {
                (IReadOnlyList<NodeProto> parts, IReadOnlyList<NodeProto> others) = nodes.Unpack(row, named[i], Type(inputs[i]));
                // Floats may cross a cut, other types not: they are made where they are first read.
                Insert(graph, FirstReader(graph, index, named[i].Name), others);
                Insert(graph, 0, parts);
            }
        }
        foreach (ValueInfoProto input in inputs) graph.Input.Remove(input);
        graph.Input.Add(new TensorInfo(ElementType.Float, dims).Describe(row));
        return (row, named);
    }

    /// <summary>The checks of <see cref="Make"/> alone.</summary>
    internal static IReadOnlyList<string> Require(GraphProto graph, GraphIndex index, IReadOnlyList<string> outputs, PrepareOptions options)
    {
        List<ValueInfoProto> inputs = Needed(graph, index, outputs);
        // A switch between training and inference may go when the model is frozen.
        if (inputs.Count > 1) inputs.RemoveAll(i => i.Type?.TensorType is { ElemType: ElementType.Bool } type && TensorInfo.Count(Dims(type)) == 1);
        if (IsPlain(inputs))
        {
            IReadOnlyList<int>? shape = ShapeOf(inputs[0].Name, options);
            ClassifierInput.Dims(ClassifierInput.Find(graph, index, outputs, shape, switches: false), shape);
        }
        else Describe(inputs, options);
        return [.. inputs.Select(i => i.Name)];
    }

    static int FirstReader(GraphProto graph, GraphIndex index, string tensor)
    {
        var readers = new HashSet<NodeProto>(ReferenceEqualityComparer.Instance);
        for (int n = 0; n < index.Nodes.Count; n++)
            if (index.Reads(n).Contains(tensor)) readers.Add(index.Nodes[n]);
        for (int i = 0; i < graph.Node.Count; i++)
            if (readers.Contains(graph.Node[i])) return i;
        return 0;
    }

    static void Insert(GraphProto graph, int at, IReadOnlyList<NodeProto> nodes)
    {
        for (int i = 0; i < nodes.Count; i++) graph.Node.Insert(at + i, nodes[i]);
    }

    static bool IsPlain(List<ValueInfoProto> inputs) => inputs is [var only] && Type(only) is 0 or ElementType.Float;

    static List<ValueInfoProto> Needed(GraphProto graph, GraphIndex index, IReadOnlyList<string> outputs)
    {
        bool[] needed = index.Ancestors(outputs);
        // An input may be an output as it is.
        HashSet<string> read = [.. outputs, .. Enumerable.Range(0, needed.Length).Where(i => needed[i]).SelectMany(index.Reads)];
        List<ValueInfoProto> inputs = [.. graph.Input.Where(i => read.Contains(i.Name) && !index.Initializers.ContainsKey(i.Name))];
        return inputs.Count > 0 ? inputs : throw new InvalidDataException("no output depends on an input");
    }

    static int Type(ValueInfoProto input) => input.Type?.TensorType?.ElemType ?? -1;

    static IEnumerable<long> Dims(TypeProto.Types.Tensor type) => type.Shape?.Dim.Select(d => Math.Max(d.DimValue, 1)) ?? [];

    static List<NamedTensor> Describe(List<ValueInfoProto> inputs, PrepareOptions options)
    {
        var named = new List<NamedTensor>();
        long offset = 0;
        RequireKnown([.. inputs.Select(i => i.Name)], options);
        if (inputs.Count > 1 && options.InputShape is { } one)
            throw new InvalidDataException(
                $"one shape is given for {inputs.Count} inputs ({string.Join(", ", inputs.Select(i => i.Name))}); "
                + $"name them, for instance --input-shape {inputs[0].Name}={string.Join('x', one)}");
        foreach (ValueInfoProto input in inputs)
        {
            if (input.Type?.TensorType is not { } type) throw new InvalidDataException($"input '{input.Name}' is not a tensor");
            string name = ElementType.Name(type.ElemType);
            if (NamedTensor.PartsOf(name) == 0 || name == "bfloat16")
                throw new InvalidDataException(
                    $"input '{input.Name}' is {name}; float32, float16, bool and integers of up to 32 bits or int64 are supported: "
                    + "export the network with such an input that it casts itself");
            int[] shape = Shape(input, type, inputs.Count == 1 ? options.InputShape : null, options.InputShapes);
            var tensor = new NamedTensor(input.Name, shape, name, (int)offset);
            offset += TensorInfo.Count(shape.Select(d => (long)d)) * NamedTensor.PartsOf(name);
            if (offset > MaxElements) throw new InvalidDataException($"inputs up to '{input.Name}' have {offset} elements, at most {MaxElements} are possible");
            named.Add(tensor);
        }
        return named;
    }

    /// <summary>The whole shape: an open first dimension is the batch and becomes 1.</summary>
    static int[] Shape(
        ValueInfoProto input, TypeProto.Types.Tensor type, IReadOnlyList<int>? only, IReadOnlyDictionary<string, IReadOnlyList<int>> byName)
    {
        IReadOnlyList<int>? given = only ?? byName.GetValueOrDefault(input.Name);
        string example = $"--input-shape {input.Name}=";
        if (type.Shape is null && given is null)
            throw new InvalidDataException($"the file does not state the shape of input '{input.Name}'; give it, for instance {example}3x64x64");
        var declared = type.Shape?.Dim;
        int rank = declared?.Count ?? given!.Count + 1;
        if (given is [1, ..] && given.Count == rank) given = [.. given.Skip(1)]; // given with its batch
        if (given is not null && given.Count != rank - 1)
            throw new InvalidDataException($"the given shape has {given.Count} dimensions, input '{input.Name}' has {rank - 1} after the batch");
        var shape = new int[rank];
        for (int i = 0; i < rank; i++)
        {
            long dim = declared is not null && declared[i].ValueCase == TensorShapeProto.Types.Dimension.ValueOneofCase.DimValue ? declared[i].DimValue : 0;
            if (dim <= 0 && i > 0 && given is null)
            {
                IEnumerable<string> dims = declared!.Skip(1).Select(d => d.DimValue > 0 ? $"{d.DimValue}" : "64");
                throw new InvalidDataException($"dimension {i} of input '{input.Name}' is open; give the shape, for instance {example}{string.Join('x', dims)}");
            }
            if (dim > 0 && i > 0 && given is not null && given[i - 1] != dim)
                throw new InvalidDataException($"dimension {i} of input '{input.Name}' is {dim}, the given shape says {given[i - 1]}");
            dim = dim > 0 ? dim : i == 0 ? 1 : given![i - 1];
            if (dim is <= 0 or > MaxElements) throw new InvalidDataException($"dimension {i} of input '{input.Name}' is {dim}, 1 to {MaxElements} are possible");
            shape[i] = (int)dim;
        }
        return shape;
    }

    /// <summary>The shape given for the only input, by its name or without.</summary>
    static IReadOnlyList<int>? ShapeOf(string input, PrepareOptions options)
    {
        RequireKnown([input], options);
        return options.InputShape ?? options.InputShapes.GetValueOrDefault(input);
    }

    static void RequireKnown(IReadOnlyList<string> inputs, PrepareOptions options)
    {
        foreach (string name in options.InputShapes.Keys)
            if (!inputs.Contains(name))
                throw new InvalidDataException($"no input is named '{name}'; there {(inputs.Count == 1 ? "is" : "are")} {string.Join(", ", inputs)}");
    }
}
