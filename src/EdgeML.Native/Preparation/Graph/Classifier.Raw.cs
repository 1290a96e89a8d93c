using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Preparation.Options;

namespace EdgeML.Native.Preparation.Graph;

/// <content>Networks whose outputs are no class scores: all outputs leave together, in one row after the last unit, so that everything else
/// sees a network with one final exit.</content>
sealed partial class Classifier
{
    /// <summary>Name of the row of several outputs.</summary>
    internal const string RowName = "edgeml/outputs";

    /// <summary>Refuses a graph that is unsuitable by itself, before any weight is read.</summary>
    /// <param name="model">Parsed; weights may be missing. Not changed.</param>
    /// <param name="options">As for <see cref="Raw"/>.</param>
    /// <param name="runner">Says which versions of ONNX the engine reads.</param>
    /// <exception cref="InvalidDataException">One line gives the reason.</exception>
    internal static void RequireRaw(ModelProto model, PrepareOptions options, IGraphRunner runner)
    {
        var index = new GraphIndex(model.Graph);
        List<string> outputs = ChooseRaw(model.Graph, index, options.OutputNames);
        IReadOnlyList<string> inputs = NetworkInputs.Require(model.Graph, index, outputs, options);
        DataDependentShapes.Refuse(index, inputs, outputs);
        if (runner.NewerThanEngine(model) is { } newer) throw new InvalidDataException(newer);
    }

    /// <param name="model">Parsed and with weights inline; changed in place.</param>
    /// <param name="options">Outputs to keep, and shapes of inputs that the model leaves open.</param>
    /// <param name="runner">Learns the shapes.</param>
    /// <exception cref="InvalidDataException">A network that cannot be divided; one line gives the reason.</exception>
    internal static Classifier Raw(ModelProto model, PrepareOptions options, IGraphRunner runner)
    {
        var notes = new List<string>();
        ModelProto? frozen = TrainingMode.Freeze(model, notes);
        GraphProto graph = model.Graph;
        ConstantsToWeights(graph);
        RemoveWeightsFromInputs(graph);
        model.IrVersion = Math.Max(model.IrVersion, 4); // from 4 on, weights need not be inputs
        var index = new GraphIndex(graph);
        List<string> outputs = ChooseRaw(graph, index, options.OutputNames);
        (string input, IReadOnlyList<NamedTensor>? inputs) = NetworkInputs.Make(model, index, outputs, options);
        KeepOnly(graph, input, outputs);
        var network = new Classifier(model, input, [.. outputs.Select(o => new OutputWish(o, o, true, null))])
        {
            Index = new GraphIndex(graph),
            Frozen = frozen,
            Inputs = inputs,
        };
        foreach (string note in notes) network.Note(note);
        DataDependentShapes.Refuse(network.Index, [input], outputs);
        ProbeResult probe = network.Probe(runner);
        network.FoldShapes();
        network.PackOutputs();
        network.Work = new GraphWork(network, probe.Runs, runner);
        return network;
    }

    /// <summary>The outputs asked for, in the order of the file; all without a wish.</summary>
    static List<string> ChooseRaw(GraphProto graph, GraphIndex index, IReadOnlyList<string>? wanted)
    {
        List<string> all = [.. graph.Output.Select(o => o.Name)];
        if (all.Count == 0) throw new InvalidDataException("the graph has no output");
        if (all.Distinct().Count() != all.Count) throw new InvalidDataException($"two outputs have the same name among {string.Join(", ", all)}");
        if (wanted?.FirstOrDefault(n => !all.Contains(n)) is { } unknown)
            throw new InvalidDataException($"no output is named '{unknown}'; there are {string.Join(", ", all)}");
        var chosen = new List<string>();
        foreach (ValueInfoProto output in graph.Output)
        {
            if (wanted is not null && !wanted.Contains(output.Name)) continue;
            if (!index.Exists(output.Name)) throw new InvalidDataException($"output '{output.Name}' is made by nothing");
            if (output.Type is { ValueCase: not (TypeProto.ValueOneofCase.TensorType or TypeProto.ValueOneofCase.None) } type)
                throw new InvalidDataException($"output '{output.Name}' is no tensor but {Kind(type)}; --outputs NAME,... chooses others");
            if (output.Type?.TensorType is { ElemType: not 0 } tensor) RequireType(output.Name, tensor.ElemType);
            chosen.Add(output.Name);
        }
        return chosen;
    }

    static string Kind(TypeProto type) => type.ValueCase switch
    {
        TypeProto.ValueOneofCase.SequenceType => "a sequence",
        TypeProto.ValueOneofCase.MapType => "a map",
        TypeProto.ValueOneofCase.OptionalType => "an optional value",
        _ => "a sparse tensor",
    };

    static void RequireType(string output, int type)
    {
        if (type == ElementType.Double || NamedTensor.PartsOf(ElementType.Name(type)) > 0) return;
        throw new InvalidDataException(
            $"output '{output}' is {ElementType.Name(type)}; floats, bool, and integers of up to 32 bits or int64 are supported");
    }

    /// <summary>Makes one float32 row of all outputs, unless there is only one, of floats, which is such a row itself.</summary>
    void PackOutputs()
    {
        var named = new List<NamedTensor>();
        var nodes = new NamedTensorNodes(Model);
        List<string> rows = [];
        long offset = 0;
        bool alone = Outputs is [(_, var only)] && ElementType.IsActivation(Info(only).Type);
        foreach ((string name, string tensor) in Outputs)
        {
            TensorInfo info = Info(tensor);
            RequireType(name, info.Type);
            if (info.Elements == 0) throw new InvalidDataException($"output '{name}' is {info}, without elements");
            if (info.Type == ElementType.Double) Note($"output '{name}' is float64, its values are rounded to float32");
            string type = ElementType.Name(info.Type == ElementType.Double ? ElementType.Float : info.Type);
            long elements = info.Elements * NamedTensor.PartsOf(type);
            if (offset + elements > int.MaxValue / sizeof(float))
                throw new InvalidDataException($"outputs up to '{name}' take {offset + elements} floats, at most {int.MaxValue / sizeof(float)} are possible");
            named.Add(new NamedTensor(name, [.. info.Dims.Select(d => (int)d)], type, (int)offset));
            offset += elements;
            if (!alone) rows.AddRange(nodes.Pack(RowName, tensor, info));
        }
        RawOutputs = named;
        if (alone)
        {
            Final = Outputs[0].Name;
            return;
        }
        string row = nodes.Join(rows, nodes.Free(RowName), offset);
        Model.Graph.Node.Add(nodes.Made);
        Tensors = new Dictionary<string, TensorInfo>(Tensors.Concat(nodes.Infos));
        Final = named.Count == 1 ? named[0].Name : "outputs";
        _outputs.Clear();
        _outputs.Add((Final, row));
        _forms[Final] = OutputForm.Logits;
        Model.Graph.Output.Clear();
        Model.Graph.Output.Add(new ValueInfoProto { Name = row });
        Index = new GraphIndex(Model.Graph);
    }
}
