using EdgeML.Native.Models.Onnx;

namespace EdgeML.Native.Models.Graph;

/// <summary>A graph brought into the form surgery works on: one float32 input with batch 1, constants as weights, outputs that are
/// logits.</summary>
sealed class Classifier
{
    Classifier(ModelProto model, string input, List<(string Name, string Logits)> outputs) =>
        (Model, Input, Outputs) = (model, input, outputs);

    internal ModelProto Model { get; }

    internal string Input { get; }

    /// <summary>The outputs kept: the name in the file, and the tensor that holds its logits.</summary>
    internal IReadOnlyList<(string Name, string Logits)> Outputs { get; private set; }

    /// <summary>Name of the final output where it was chosen; null for the deepest.</summary>
    internal string? Final { get; private set; }

    /// <summary>The file frozen to inference, before anything else was changed, where it was exported in training mode; its answers are the
    /// right ones. Null for other files, whose own answers are.</summary>
    internal ModelProto? Frozen { get; private init; }

    /// <summary>What was changed, for people.</summary>
    internal List<string> Notes { get; } = [];

    /// <summary>Types and full shapes of every tensor that is not a weight.</summary>
    internal IReadOnlyDictionary<string, TensorInfo> Tensors { get; set; } = new Dictionary<string, TensorInfo>();

    internal GraphIndex Index { get; set; } = null!;

    /// <param name="model">Parsed and with weights inline; changed in place.</param>
    /// <param name="exits">Names of the side exits, or null for all outputs but the final one.</param>
    /// <param name="final">Name of the final output, or null for the deepest one that is no side exit.</param>
    /// <param name="inputShape">The input's shape without batch for a model that leaves it open, or null.</param>
    /// <param name="runner">Learns the shapes.</param>
    /// <exception cref="InvalidDataException">Not a classifier with one input; one line says why.</exception>
    internal static Classifier From(
        ModelProto model, IReadOnlyList<string>? exits, string? final, IReadOnlyList<int>? inputShape, IGraphRunner runner)
    {
        var notes = new List<string>();
        ModelProto? frozen = TrainingMode.Freeze(model, notes);
        GraphProto graph = model.Graph;
        ConstantsToWeights(graph);
        RemoveWeightsFromInputs(graph);
        model.IrVersion = Math.Max(model.IrVersion, 4); // from 4 on, weights need not be inputs
        List<string> names = SelectOutputs(graph, exits, final);
        var index = new GraphIndex(graph);
        foreach (string name in names)
        {
            if (!index.Exists(name)) throw new InvalidDataException($"output '{name}' is made by nothing");
        }
        List<(string Name, string Logits)> outputs = [.. names.Select(name => (name, BeforeSoftmax(index, name, notes)))];
        string input = FixInput(graph, index, outputs.Select(o => o.Logits), inputShape);
        Prune(graph, index, outputs.Select(o => o.Logits), input);
        graph.Output.Clear();
        graph.Output.Add(outputs.Select(o => o.Logits).Distinct().Select(o => new ValueInfoProto { Name = o }));
        graph.ValueInfo.Clear();
        var classifier = new Classifier(model, input, outputs) { Index = new GraphIndex(graph), Final = final, Frozen = frozen };
        classifier.Notes.AddRange(notes);
        classifier.Probe(runner);
        classifier.FoldShapes();
        if (exits is not null && final is null) classifier.KeepDeepestBeside(exits);
        return classifier;
    }

    /// <summary>Work before a tensor: multiply-accumulates first, then nodes.</summary>
    internal (long Macs, int Nodes) Depth(string tensor)
    {
        bool[] nodes = Index.Ancestors([tensor]);
        long macs = 0;
        for (int n = 0; n < nodes.Length; n++)
            if (nodes[n]) macs += Operators.Macs(Index.Nodes[n], Dims);
        return (macs, nodes.Count(n => n));
    }

    void KeepDeepestBeside(IReadOnlyList<string> exits)
    {
        List<(string Name, string Logits)> rest = [.. Outputs.Where(o => !exits.Contains(o.Name))];
        if (rest.Count == 0) throw new InvalidDataException($"all {exits.Count} outputs are side exits, none is left to be the final one");
        (string Name, string Logits) deepest = rest.MaxBy(o => Depth(o.Logits));
        Outputs = [.. Outputs.Where(o => exits.Contains(o.Name)), deepest];
        Final = deepest.Name;
        foreach ((string name, _) in rest)
            if (name != deepest.Name) Notes.Add($"output '{name}' left out, it is neither a side exit asked for nor the deepest");
        Prune(Model.Graph, Index, Outputs.Select(o => o.Logits), Input);
        Index = new GraphIndex(Model.Graph);
    }

    static void ConstantsToWeights(GraphProto graph)
    {
        for (int i = graph.Node.Count - 1; i >= 0; i--)
        {
            NodeProto node = graph.Node[i];
            if (node.OpType != "Constant" || node.Domain is not ("" or "ai.onnx") || node.Output.Count != 1
                || node.Attribute is not [{ Name: "value", T: { } value }])
                continue;
            if (value.DataLocation == 1) throw new InvalidDataException($"constant '{node.Output[0]}' is external data");
            TensorProto weight = value.Clone();
            weight.Name = node.Output[0];
            WeightData.Normalise(weight);
            graph.Initializer.Add(weight);
            graph.Node.RemoveAt(i);
        }
    }

    internal static void RemoveWeightsFromInputs(GraphProto graph)
    {
        HashSet<string> weights = [.. graph.Initializer.Select(w => w.Name)];
        for (int i = graph.Input.Count - 1; i >= 0; i--)
        {
            if (weights.Contains(graph.Input[i].Name)) graph.Input.RemoveAt(i);
        }
    }

    static List<string> SelectOutputs(GraphProto graph, IReadOnlyList<string>? exits, string? final)
    {
        List<string> all = [.. graph.Output.Select(o => o.Name)];
        if (all.Count == 0) throw new InvalidDataException("the graph has no output");
        if (all.Distinct().Count() != all.Count)
            throw new InvalidDataException($"two outputs have the same name among {string.Join(", ", all)}");
        List<string> named = [.. exits ?? []];
        if (final is not null) named.Add(final);
        if (named.Find(n => !all.Contains(n)) is { } unknown)
            throw new InvalidDataException($"no output is named '{unknown}'; there are {string.Join(", ", all)}");
        return exits is null || final is null ? all : [.. all.Where(named.Contains)];
    }

    /// <summary>Exit decisions are taken on logits, so a softmax at the very end is left out.</summary>
    static string BeforeSoftmax(GraphIndex index, string output, List<string> notes)
    {
        string tensor = output;
        while (index.Producer(tensor) is >= 0 and int i)
        {
            NodeProto node = index.Nodes[i];
            bool softmax = node.OpType is "Softmax" or "LogSoftmax";
            if (node.Input.Count == 0 || (!softmax && node.OpType is not ("Identity" or "Dropout" or "Cast"))) break;
            tensor = node.Input[0];
            if (!softmax) continue;
            notes.Add($"output '{output}': {node.OpType} left out, its input '{tensor}' holds the logits");
            return tensor;
        }
        return output;
    }

    static string FixInput(GraphProto graph, GraphIndex index, IEnumerable<string> outputs, IReadOnlyList<int>? inputShape)
    {
        bool[] needed = index.Ancestors(outputs);
        HashSet<string> read = [.. Enumerable.Range(0, needed.Length).Where(i => needed[i]).SelectMany(index.Reads)];
        List<ValueInfoProto> inputs = [.. graph.Input.Where(i => read.Contains(i.Name))];
        if (inputs.Count == 0) throw new InvalidDataException("no output depends on an input; not a classifier");
        if (inputs.Count > 1)
            throw new InvalidDataException(
                $"the model has {inputs.Count} inputs ({string.Join(", ", inputs.Select(i => i.Name))}), one is supported");
        ValueInfoProto input = inputs[0];
        if (input.Type?.TensorType is not { } type) throw new InvalidDataException($"input '{input.Name}' is not a tensor");
        if (type.ElemType != ElementType.Float)
            throw new InvalidDataException($"input '{input.Name}' is {ElementType.Name(type.ElemType)}, only float32 is supported");
        if (type.Shape is null || type.Shape.Dim.Count < 2)
            throw new InvalidDataException(
                $"input '{input.Name}' has {type.Shape?.Dim.Count ?? 0} dimensions, a batch dimension and at least one more are needed");
        if (inputShape is not null && inputShape.Count != type.Shape.Dim.Count - 1)
            throw new InvalidDataException(
                $"the given shape has {inputShape.Count} dimensions, input '{input.Name}' has {type.Shape.Dim.Count - 1} behind the batch");
        long elements = 1;
        for (int i = 0; i < type.Shape.Dim.Count; i++)
        {
            TensorShapeProto.Types.Dimension dim = type.Shape.Dim[i];
            bool open = dim.ValueCase != TensorShapeProto.Types.Dimension.ValueOneofCase.DimValue || dim.DimValue <= 0;
            if (i == 0)
            {
                if (!open && dim.DimValue != 1)
                    throw new InvalidDataException($"input '{input.Name}' has a batch of {dim.DimValue}, 1 or an open one is needed");
                dim.DimValue = 1;
                continue;
            }
            if (open && inputShape is null)
            {
                string named = dim.DimParam.Length > 0 ? $" ('{dim.DimParam}')" : "";
                throw new InvalidDataException($"dimension {i} of input '{input.Name}' is open{named}; export the model with a fixed one");
            }
            if (!open && inputShape is not null && inputShape[i - 1] != dim.DimValue)
                throw new InvalidDataException(
                    $"dimension {i} of input '{input.Name}' is {dim.DimValue}, the given shape says {inputShape[i - 1]}");
            if (open) dim.DimValue = inputShape![i - 1];
            if (dim.DimValue is <= 0 or > MaxElements || (elements *= dim.DimValue) > MaxElements)
                throw new InvalidDataException($"input '{input.Name}' has more than {MaxElements} elements");
        }
        return input.Name;
    }

    const long MaxElements = 1L << 28;

    internal static void Prune(GraphProto graph, GraphIndex index, IEnumerable<string> outputs, string input)
    {
        bool[] needed = index.Ancestors(outputs);
        graph.Node.Clear();
        graph.Node.Add(Enumerable.Range(0, needed.Length).Where(i => needed[i]).Select(i => index.Nodes[i]));
        KeepUsedWeights(graph);
        ValueInfoProto kept = graph.Input.First(i => i.Name == input);
        graph.Input.Clear();
        graph.Input.Add(kept);
    }

    static void KeepUsedWeights(GraphProto graph)
    {
        var index = new GraphIndex(graph);
        HashSet<string> read = [.. Enumerable.Range(0, index.Nodes.Count).SelectMany(index.Reads)];
        List<TensorProto> used = [.. graph.Initializer.Where(w => read.Contains(w.Name))];
        graph.Initializer.Clear();
        graph.Initializer.Add(used);
    }

    void Probe(IGraphRunner runner)
    {
        var probe = new ModelProto(Model);
        probe.Graph.Output.Clear();
        probe.Graph.Output.Add(Index.Nodes.SelectMany(GraphIndex.Outputs).Select(o => new ValueInfoProto { Name = o }));
        // Outputs nothing reads (masks, second results) may be optional in ways only the engine knows; they are not needed.
        HashSet<string> read = [.. Enumerable.Range(0, Index.Nodes.Count).SelectMany(Index.Reads), .. Outputs.Select(o => o.Logits)];
        for (int i = probe.Graph.Output.Count - 1; i >= 0; i--)
        {
            if (!read.Contains(probe.Graph.Output[i].Name)) probe.Graph.Output.RemoveAt(i);
        }
        byte[] bytes;
        try
        {
            bytes = Google.Protobuf.MessageExtensions.ToByteArray(probe);
        }
        catch (Exception e) when (e is OverflowException or OutOfMemoryException)
        {
            throw new InvalidDataException("the model has more than 2 GB of weights", e);
        }
        Tensors = runner.Probe(bytes);
        foreach (ValueInfoProto output in probe.Graph.Output)
        {
            if (!Tensors.TryGetValue(output.Name, out TensorInfo info))
                throw new InvalidDataException($"the engine gave no tensor '{output.Name}'");
            if (info.Elements == 0) throw new InvalidDataException($"tensor '{output.Name}' is empty, {info}");
        }
    }

    /// <summary>With the input's shape fixed, what <c>Shape</c> and <c>Size</c> say is known, and no longer ties distant parts of the
    /// graph together.</summary>
    void FoldShapes()
    {
        GraphProto graph = Model.Graph;
        bool folded = false;
        for (int i = graph.Node.Count - 1; i >= 0; i--)
        {
            NodeProto node = graph.Node[i];
            if (node.OpType is not ("Shape" or "Size") || node.Domain is not ("" or "ai.onnx") || node.Input.Count != 1
                || node.Output.Count != 1)
                continue;
            if (Dims(node.Input[0]) is not { } dims) continue;
            var weight = new TensorProto { Name = node.Output[0], DataType = ElementType.Int64 };
            long[] values = node.OpType == "Size" ? [TensorInfo.Count(dims)] : Sliced(node, dims);
            if (node.OpType == "Shape") weight.Dims.Add(values.Length);
            weight.Int64Data.Add(values);
            WeightData.Normalise(weight);
            graph.Initializer.Add(weight);
            graph.Node.RemoveAt(i);
            folded = true;
        }
        if (!folded) return;
        Prune(graph, new GraphIndex(graph), Outputs.Select(o => o.Logits), Input);
        Index = new GraphIndex(graph);
    }

    /// <summary>The number of classes, on which all outputs agree.</summary>
    /// <exception cref="InvalidDataException">An output that is not one score a class, or two that disagree.</exception>
    internal int Classes()
    {
        int classes = 0;
        foreach ((string name, string logits) in Outputs)
        {
            if (Index.IsConstant(logits)) throw new InvalidDataException($"output '{name}' does not depend on the input; not a classifier");
            TensorInfo info = Info(logits);
            // One score a class: a single dimension is larger than 1 ([1, C], [C], or [1, C, 1, 1] of fully convolutional networks).
            if (!ElementType.IsActivation(info.Type) || info.Elements is < 2 or > 1 << 20 || info.Dims.Count(d => d != 1) != 1)
                throw new InvalidDataException(
                    $"output '{name}' is {info}, not the scores of a classifier; choose outputs with --exits and --final");
            if (classes != 0 && info.Elements != classes)
                throw new InvalidDataException(
                    $"output '{name}' tells {info.Elements} classes apart, '{Outputs[0].Name}' {classes}; "
                    + "choose outputs with --exits and --final");
            classes = (int)info.Elements;
        }
        return classes;
    }

    /// <summary>Full shape of a tensor: probed, of the input, or of a weight.</summary>
    internal long[]? Dims(string tensor)
    {
        if (Tensors.TryGetValue(tensor, out TensorInfo info)) return info.Dims;
        if (tensor == Input) return InputInfo.Dims;
        return Index.Initializers.TryGetValue(tensor, out TensorProto? weight) ? [.. weight.Dims] : null;
    }

    internal TensorInfo InputInfo => new(ElementType.Float, [.. Model.Graph.Input[0].Type.TensorType.Shape.Dim.Select(d => d.DimValue)]);

    internal TensorInfo Info(string tensor) => tensor == Input ? InputInfo : Tensors[tensor];

    static long[] Sliced(NodeProto node, long[] dims)
    {
        long start = node.Attribute.FirstOrDefault(a => a.Name == "start")?.I ?? 0;
        long end = node.Attribute.FirstOrDefault(a => a.Name == "end")?.I ?? dims.Length;
        int from = (int)Math.Clamp(start < 0 ? start + dims.Length : start, 0, dims.Length);
        int to = (int)Math.Clamp(end < 0 ? end + dims.Length : end, from, dims.Length);
        return dims[from..to];
    }
}
