using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Preparation.Graph;
using EdgeML.Native.Preparation.Options;
using Google.Protobuf;

namespace EdgeML.Native.Preparation.Branching;

/// <summary>A classifier without side exits, divided into units, to which exits can be added. Immutable.</summary>
sealed class Backbone
{
    const string FeaturesName = "edgeml/features";

    readonly string _path;
    readonly Classifier _classifier;
    readonly string _output;

    Backbone(string path, Classifier classifier, string output, ModelManifest manifest) =>
        (_path, _classifier, _output, Manifest) = (path, classifier, output, manifest);

    /// <summary>Units, cuts, input and classes; its one exit is the final one.</summary>
    internal ModelManifest Manifest { get; }

    /// <summary>Changes and omissions of the model, for people.</summary>
    internal IReadOnlyList<string> Notes => _classifier.Notes;

    /// <summary>Type and full shape of the tensor after a unit, batch included.</summary>
    internal TensorInfo Boundary(int unit) => _classifier.Info(Manifest.Cuts[unit].Tensor);

    /// <param name="path">An ONNX file.</param>
    /// <param name="output">Name of the output with the class scores; null for a model that has only one.</param>
    /// <param name="options">Settings that the file leaves open.</param>
    /// <param name="runner">Learns the shapes.</param>
    /// <exception cref="InvalidDataException">Not a classifier to which exits can be added; one line names fault and place.</exception>
    internal static Backbone Load(string path, string? output, PrepareOptions options, IGraphRunner runner)
    {
        try
        {
            return Load(
                OnnxFile.Load(path, model =>
                {
                    if (output is not null) Classifier.Require(model, options with { Exits = [], Final = output }, runner);
                }),
                path, output, options, runner);
        }
        catch (NoClassScoresException e)
        {
            throw new InvalidDataException($"{Path.GetFileName(path)}: {MessageText.OneLine(e.Message)}", e);
        }
    }

    static Backbone Load(OnnxFile file, string path, string? output, PrepareOptions options, IGraphRunner runner)
    {
        try
        {
            if (output is null && file.Model.Graph.Output.Count > 1)
                throw new InvalidDataException(
                    $"{file.Model.Graph.Output.Count} outputs ({string.Join(", ", file.Model.Graph.Output.Select(o => o.Name))}); "
                    + "choose the one with the class scores by --output");
            output ??= file.Model.Graph.Output is [var only] ? only.Name : throw new InvalidDataException("the graph has no output");
            Classifier classifier = Classifier.From(file.Model, options with { Exits = [], Final = output }, runner);
            int classes = classifier.Classes();
            Trunk trunk = PackedCuts.Insert(classifier, Trunk.Find(classifier));
            ModelManifest manifest = ManifestBuilder.Build(classifier, trunk, classes, file.Name, file.Hash, options);
            return new Backbone(path, classifier, output, manifest);
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{Path.GetFileName(path)}: {MessageText.OneLine(e.Message)}", e);
        }
    }

    /// <summary>A model whose one output is a row: the features of every head, then the final scores.</summary>
    /// <returns>The model, with weights inline, and the length of that row.</returns>
    internal (RangeModel Model, int Width) FeatureModel(IReadOnlyList<HeadPlan> plans)
    {
        var model = new ModelProto(_classifier.Model);
        GraphProto graph = model.Graph;
        graph.Output.Clear();
        graph.ValueInfo.Clear();
        var nodes = new HeadNodes(graph, _classifier.Index);
        List<string> parts = [.. plans.Select((plan, i) => nodes.AddFeatures(plan, Boundary(plan.AfterUnit), $"edgeml/{i + 1}"))];
        string scores = _classifier.Outputs[0].Logits;
        TensorInfo info = _classifier.Info(scores);
        string shape = nodes.Free("edgeml/row");
        graph.Initializer.Add(new TensorProto
        {
            Name = shape,
            DataType = ElementType.Int64,
            Dims = { 2 },
            Int64Data = { 1, Manifest.Classes }
        });
        if (info.Type != ElementType.Float) scores = Add(graph, "Cast", [scores], nodes.Free("edgeml/scores"), "to", ElementType.Float);
        parts.Add(Add(graph, "Reshape", [scores, shape], nodes.Free("edgeml/logits"), null, 0));
        int width = plans.Sum(p => p.Features) + Manifest.Classes;
        string features = Add(graph, "Concat", parts, nodes.Free(FeaturesName), "axis", 1);
        graph.Output.Add(new TensorInfo(ElementType.Float, [1, width]).Describe(features));
        byte[] bytes;
        try
        {
            bytes = model.ToByteArray();
        }
        catch (Exception e) when (e is OverflowException or OutOfMemoryException)
        {
            throw new InvalidDataException($"{Path.GetFileName(_path)}: the model has more than 2 GB of weights", e);
        }
        return (new RangeModel(bytes, _classifier.Input, _classifier.InputInfo.Dims, features, null, [features], []), width);
    }

    /// <summary>The file with heads added and the chosen output alone beside them: an ordinary model with one output per exit.</summary>
    /// <param name="plans">By depth.</param>
    /// <param name="heads">The layers of each.</param>
    /// <param name="classNames">Kept as metadata where the file names none; may be empty.</param>
    /// <returns>The model, and the names of the exits.</returns>
    /// <exception cref="InvalidDataException">The file has changed since it was loaded.</exception>
    internal (ModelProto Model, IReadOnlyList<string> Exits) WithHeads(
        IReadOnlyList<HeadPlan> plans, IReadOnlyList<IReadOnlyList<HeadLayer>> heads, IReadOnlyList<string> classNames)
    {
        OnnxFile file = OnnxFile.Load(_path);
        if (file.Hash != Manifest.Hash)
            throw new InvalidDataException($"{Path.GetFileName(_path)} was changed while exits were being trained");
        ModelProto model = file.Model;
        TrainingMode.Freeze(model, []); // as when it was loaded: the heads learned from it
        GraphProto graph = model.Graph;
        Classifier.RemoveWeightsFromInputs(graph);
        model.IrVersion = Math.Max(model.IrVersion, 4); // from 4 on, weights need not be inputs
        ValueInfoProto final = graph.Output.First(o => o.Name == _output);
        Classifier.Prune(graph, new GraphIndex(graph), [_output], _classifier.Input);
        graph.Output.Clear();
        var nodes = new HeadNodes(graph, new GraphIndex(graph));
        var exits = new List<string>();
        for (int i = 0; i < plans.Count; i++)
        {
            string exit = $"exit{i + 1}";
            string features = nodes.AddFeatures(plans[i], Boundary(plans[i].AfterUnit), exit);
            exits.Add(nodes.AddLayers(plans[i], heads[i], features, exit));
            graph.Output.Add(Scores(exits[^1], graph.Input[0]));
        }
        graph.Output.Add(final);
        if (classNames.Count == Manifest.Classes && model.MetadataProps.All(p => p.Key != ClassNames.MetadataKey))
            model.MetadataProps.Add(
                new StringStringEntryProto { Key = ClassNames.MetadataKey, Value = ClassNames.ToMetadata(classNames) });
        if (Manifest.Preprocessing is { IsUsual: false } how) PreprocessingReader.Write(model, how);
        return (model, exits);
    }

    /// <summary>Batch as the input has it, then the classes.</summary>
    ValueInfoProto Scores(string name, ValueInfoProto input)
    {
        ValueInfoProto value = new TensorInfo(ElementType.Float, [1, Manifest.Classes]).Describe(name);
        value.Type.TensorType.Shape.Dim[0] = input.Type.TensorType.Shape.Dim[0].Clone();
        return value;
    }

    static string Add(GraphProto graph, string op, IEnumerable<string> inputs, string output, string? attribute, long value)
    {
        var node = new NodeProto { OpType = op, Name = output, Input = { inputs }, Output = { output } };
        if (attribute is not null) node.Attribute.Add(new AttributeProto { Name = attribute, Type = 2, I = value });
        graph.Node.Add(node);
        return output;
    }
}
