using EdgeML.Native.Models.Onnx;

namespace EdgeML.Native.Preparation.Graph;

/// <summary>The input of a classifier: which one it is, and its full shape.</summary>
static class ClassifierInput
{
    const long MaxElements = 1L << 28;

    /// <summary>The one input that outputs depend on; one without a shape gets the given number of open dimensions.</summary>
    /// <exception cref="InvalidDataException">There is none, or another number or type than is supported.</exception>
    internal static ValueInfoProto Find(
        GraphProto graph, GraphIndex index, IEnumerable<string> outputs, IReadOnlyList<int>? inputShape, bool switches = true)
    {
        bool[] needed = index.Ancestors(outputs);
        HashSet<string> read = [.. Enumerable.Range(0, needed.Length).Where(i => needed[i]).SelectMany(index.Reads)];
        List<ValueInfoProto> inputs = [.. graph.Input.Where(i => read.Contains(i.Name) && !index.Initializers.ContainsKey(i.Name))];
        if (!switches && inputs.Count > 1) inputs.RemoveAll(i => i.Type?.TensorType?.ElemType == ElementType.Bool);
        if (inputs.Count == 0) throw new InvalidDataException("no output depends on an input; not a classifier");
        if (inputs.Count > 1)
            throw new InvalidDataException(
                $"the model has {inputs.Count} inputs ({string.Join(", ", inputs.Select(i => i.Name))}), one is supported");
        ValueInfoProto input = inputs[0];
        if (input.Type?.TensorType is not { } type) throw new InvalidDataException($"input '{input.Name}' is not a tensor");
        if (type.ElemType != ElementType.Float)
            throw new InvalidDataException(
                $"input '{input.Name}' is {ElementType.Name(type.ElemType)}, only float32 is supported; "
                + "export the network with a float32 input that it casts itself");
        if (type.Shape is null)
        {
            if (inputShape is null)
                throw new InvalidDataException(
                    $"the file does not state the shape of input '{input.Name}'; give it, for instance --input-shape 3x224x224");
            type.Shape = new TensorShapeProto();
            for (int i = 0; i <= inputShape.Count; i++) type.Shape.Dim.Add(new TensorShapeProto.Types.Dimension());
        }
        if (type.Shape.Dim.Count < 2)
            throw new InvalidDataException(
                $"input '{input.Name}' has {type.Shape.Dim.Count} dimensions, a batch dimension and at least one more are needed");
        return input;
    }

    /// <summary>Full shape of the input, with batch 1 and with open dimensions as given.</summary>
    /// <exception cref="InvalidDataException">The shape is fixed to another batch, stays open, or contradicts the given one.</exception>
    internal static long[] Dims(ValueInfoProto input, IReadOnlyList<int>? inputShape)
    {
        Google.Protobuf.Collections.RepeatedField<TensorShapeProto.Types.Dimension> declared = input.Type.TensorType.Shape.Dim;
        if (inputShape is [1, ..] && inputShape.Count == declared.Count) inputShape = [.. inputShape.Skip(1)]; // given with its batch
        if (inputShape is not null && inputShape.Count != declared.Count - 1)
            throw new InvalidDataException(
                $"the given shape has {inputShape.Count} dimensions, input '{input.Name}' has {declared.Count - 1} after the batch");
        long[] dims = new long[declared.Count];
        dims[0] = 1;
        long elements = 1;
        for (int i = 0; i < dims.Length; i++)
        {
            TensorShapeProto.Types.Dimension dim = declared[i];
            bool open = dim.ValueCase != TensorShapeProto.Types.Dimension.ValueOneofCase.DimValue || dim.DimValue <= 0;
            if (i == 0)
            {
                if (!open && dim.DimValue != 1)
                    throw new InvalidDataException(
                        $"input '{input.Name}' has a batch of {dim.DimValue}, 1 or an open one is needed; "
                        + "export the model with a batch of 1 or with a dynamic batch axis");
                continue;
            }
            if (open && inputShape is null)
            {
                string named = dim.DimParam.Length > 0 ? $" ('{dim.DimParam}')" : "";
                IEnumerable<string> example = declared.Skip(1).Select(d =>
                    d.ValueCase == TensorShapeProto.Types.Dimension.ValueOneofCase.DimValue && d.DimValue > 0 ? $"{d.DimValue}" : "224");
                throw new InvalidDataException(
                    $"dimension {i} of input '{input.Name}' is open{named}; "
                    + $"give the shape, for instance --input-shape {string.Join('x', example)}");
            }
            if (!open && inputShape is not null && inputShape[i - 1] != dim.DimValue)
                throw new InvalidDataException(
                    $"dimension {i} of input '{input.Name}' is {dim.DimValue}, the given shape says {inputShape[i - 1]}");
            dims[i] = open ? inputShape![i - 1] : dim.DimValue;
            if (dims[i] is <= 0 or > MaxElements || (elements *= dims[i]) > MaxElements)
                throw new InvalidDataException(
                    $"input '{input.Name}' is {TensorInfo.Shape(dims)}, 1 to {MaxElements} elements are possible");
        }
        return dims;
    }
}
