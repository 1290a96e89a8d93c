using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Preparation.Options;

namespace EdgeML.Native.Preparation.Graph;

/// <summary>A graph brought into the form surgery works on: one float32 input with batch 1, constants as weights, outputs that are
/// logits, or one row of all outputs where these are no class scores.</summary>
sealed partial class Classifier
{
    readonly List<OutputWish> _wishes;
    readonly List<(string Name, string Logits)> _outputs;
    readonly Dictionary<string, OutputForm> _forms = [];

    Classifier(ModelProto model, string input, List<OutputWish> wishes)
    {
        (Model, Input, _wishes) = (model, input, wishes);
        _outputs = [.. wishes.Select(w => (w.Name, w.Tensor))];
        foreach (OutputWish wish in wishes) _forms[wish.Name] = OutputForm.Logits;
    }

    internal ModelProto Model { get; }

    internal string Input { get; }

    /// <summary>The file's inputs where they lie in <see cref="Input"/>; null where that is the file's one input itself.</summary>
    internal IReadOnlyList<NamedTensor>? Inputs { get; private init; }

    /// <summary>The file's outputs, which lie in the one row of <see cref="Outputs"/>; null where outputs are class scores.</summary>
    internal IReadOnlyList<NamedTensor>? RawOutputs { get; private set; }

    /// <summary>The outputs kept: the name in the file, and the tensor that holds its logits.</summary>
    internal IReadOnlyList<(string Name, string Logits)> Outputs => _outputs;

    /// <summary>Name of the final output where it was chosen; null for the deepest.</summary>
    internal string? Final { get; private set; }

    /// <summary>The file frozen to inference, before anything else was changed, where it was exported in training mode; its answers are the
    /// right ones. Null for other files, whose own answers are.</summary>
    internal ModelProto? Frozen { get; private init; }

    /// <summary>Changes of the model, for people.</summary>
    internal List<string> Notes { get; } = [];

    /// <summary>Types and full shapes of every tensor that is not a weight.</summary>
    internal IReadOnlyDictionary<string, TensorInfo> Tensors { get; set; } = new Dictionary<string, TensorInfo>();

    internal GraphIndex Index { get; set; } = null!;

    /// <summary>How the file's output of that name follows from the logits.</summary>
    internal IReadOnlyDictionary<string, OutputForm> Forms => _forms;

    /// <summary>The tensor of the file that holds an output's values: the output itself, but for outputs that are no tensors.</summary>
    internal string FileTensor(string output) => _wishes.First(w => w.Name == output).Tensor;

    /// <summary>Names of the classes that the graph itself holds, or null.</summary>
    internal IReadOnlyList<string>? ClassNames { get; private init; }

    internal const int MostClasses = 1 << 20;

    /// <summary>Refuses a graph that is unsuitable by itself, before any weight is read.</summary>
    /// <param name="model">Parsed; weights may be missing. Not changed.</param>
    /// <param name="options">As for <see cref="From"/>.</param>
    /// <param name="runner">Says which versions of ONNX the engine reads.</param>
    /// <param name="severalInputs">Whether inputs may be several, and other than float32.</param>
    /// <exception cref="InvalidDataException">Not a classifier; one line gives the reason.</exception>
    internal static void Require(ModelProto model, PrepareOptions options, IGraphRunner runner, bool severalInputs = false)
    {
        GraphProto graph = model.Graph;
        var index = new GraphIndex(graph);
        List<OutputWish> wishes = OutputWish.Choose(graph, index, options.Exits, options.Final, []);
        string[] tensors = [.. wishes.Select(w => w.Tensor)];
        IReadOnlyList<string> inputs = severalInputs ? NetworkInputs.Require(graph, index, tensors, options) : [RequireInput(graph, index, tensors, options)];
        List<OutputWish> needed = [.. wishes.Where(w => w.Asked || options.Final is null)];
        foreach (OutputWish wish in needed) OutputWish.RequireScores(graph, index, wish);
        // Where only some outputs were named, others may still be left out.
        OutputWish.RequireSameClasses(graph, options.Exits is null && options.Final is null ? wishes : wishes.Where(w => w.Asked));
        DataDependentShapes.Refuse(index, inputs, needed.Select(w => w.Tensor));
        if (runner.NewerThanEngine(model) is { } newer) throw new InvalidDataException(newer);
    }

    /// <param name="model">Parsed and with weights inline; changed in place.</param>
    /// <param name="options">Exits, final output, and shapes of inputs that the model leaves open.</param>
    /// <param name="runner">Learns the shapes.</param>
    /// <param name="severalInputs">Whether inputs may be several, and other than float32.</param>
    /// <exception cref="InvalidDataException">Not a classifier; one line gives the reason.</exception>
    internal static Classifier From(ModelProto model, PrepareOptions options, IGraphRunner runner, bool severalInputs = false)
    {
        (IReadOnlyList<string>? exits, string? final) = (options.Exits, options.Final);
        var notes = new List<string>();
        ModelProto? frozen = TrainingMode.Freeze(model, notes);
        GraphProto graph = model.Graph;
        ConstantsToWeights(graph);
        RemoveWeightsFromInputs(graph);
        model.IrVersion = Math.Max(model.IrVersion, 4); // from 4 on, weights need not be inputs
        var index = new GraphIndex(graph);
        List<OutputWish> wishes = OutputWish.Choose(graph, index, exits, final, notes);
        string[] tensors = [.. wishes.Select(w => w.Tensor)];
        if (!severalInputs) ClassifierInput.Find(graph, index, tensors, options.InputShape);
        (string input, IReadOnlyList<NamedTensor>? inputs) = NetworkInputs.Make(model, index, tensors, options);
        KeepOnly(graph, input, tensors);
        var classifier = new Classifier(model, input, wishes)
        {
            Index = new GraphIndex(graph),
            Frozen = frozen,
            Inputs = inputs,
            Final = wishes.Find(w => w.Asked && w.Name == final)?.Name,
            ClassNames = wishes.Select(w => w.ClassNames).FirstOrDefault(names => names is not null),
        };
        foreach (string note in notes) classifier.Note(note);
        DataDependentShapes.Refuse(
            classifier.Index, [input], wishes.Where(w => w.Asked || final is null).Select(w => w.Tensor));
        ProbeResult probe = classifier.Probe(runner);
        classifier.TurnIntoLogits(probe.Runs);
        classifier.FoldShapes();
        classifier.ChooseExits(exits);
        classifier.Work = new GraphWork(classifier, probe.Runs, runner);
        return classifier;
    }

    /// <summary>Work of the nodes.</summary>
    internal GraphWork Work { get; private set; } = null!;

    /// <summary>Adds a sentence for people, once.</summary>
    internal void Note(string note)
    {
        if (!Notes.Contains(note)) Notes.Add(note);
    }

    /// <summary>A name that no tensor has.</summary>
    internal string FreeName(string name)
    {
        while (Index.Exists(name) || Tensors.ContainsKey(name) || Model.Graph.Initializer.Any(w => w.Name == name)) name += "_";
        return name;
    }

    /// <summary>Adds a node with one output; <see cref="Index"/> knows it after the next refresh.</summary>
    internal void AddNode(NodeProto node, TensorInfo made)
    {
        Model.Graph.Node.Add(node);
        Tensors = new Dictionary<string, TensorInfo>(Tensors) { [node.Output[0]] = made };
    }

    /// <summary>Leads outputs that are probabilities back to logits, each with a note.</summary>
    void TurnIntoLogits(IReadOnlyList<IReadOnlyDictionary<string, ProbedTensor>> runs)
    {
        long? wanted = Final is null ? null : Info(Outputs.First(o => o.Name == Final).Logits).Elements;
        for (int i = 0; i < Outputs.Count; i++)
        {
            (string name, string tensor) = Outputs[i];
            if (Index.IsConstant(tensor) || (wanted is not null && Info(tensor).Elements != wanted)) continue;
            if (Info(tensor).Type == ElementType.Double && Info(tensor).Elements <= MostClasses)
            {
                string logits = LogitNodes.AsFloat(this, tensor);
                if (Probabilities.Recognise(this, name, tensor, runs) is not { } narrow) _outputs[i] = (name, logits);
                else Turn(i, narrow);
            }
            else if (Probabilities.Recognise(this, name, tensor, runs) is { } finding)
            {
                Turn(i, finding);
            }
        }
        Refresh();

        void Turn(int i, Probabilities.Finding finding)
        {
            _outputs[i] = (_outputs[i].Name, finding.Logits);
            _forms[_outputs[i].Name] = finding.Form;
            Note(finding.Note);
        }
    }

    /// <summary>Removes nodes that the outputs do not need.</summary>
    void Refresh()
    {
        GraphProto graph = Model.Graph;
        Prune(graph, new GraphIndex(graph), Outputs.Select(o => o.Logits), Input);
        graph.Output.Clear();
        graph.Output.Add(Outputs.Select(o => o.Logits).Distinct().Select(o => new ValueInfoProto { Name = o }));
        Index = new GraphIndex(graph);
    }

    bool IsScores(string tensor) => !Index.IsConstant(tensor) && IsScores(Info(tensor));

    /// <summary>One score a class: a single dimension is larger than 1 ([1, C], [C], or [1, C, 1, 1] of fully convolutional
    /// networks).</summary>
    static bool IsScores(TensorInfo info) =>
        ElementType.IsActivation(info.Type) && info.Elements is >= 2 and <= MostClasses && info.Dims.Count(d => d != 1) == 1;

    /// <summary>Of the outputs, keeps the final one and those that can be side exits.</summary>
    void ChooseExits(IReadOnlyList<string>? exits)
    {
        bool asked = _wishes.Exists(w => w.Asked && w.Name != Final);
        if (exits is not null && Final is null)
        {
            // Side exits were named, the final one was not.
            List<string> side = [.. _wishes.Where(w => w.Asked).Select(w => w.Name)];
            List<(string Name, string Logits)> rest = [.. Outputs.Where(o => !side.Contains(o.Name))];
            if (rest.Count == 0)
                throw new InvalidDataException($"all {side.Count} outputs are side exits, none is left to be the final one");
            long? classes = side.Count == 0 ? null : Info(Outputs.First(o => o.Name == side[0]).Logits).Elements;
            List<(string Name, string Logits)> fit =
                [.. rest.Where(o => IsScores(o.Logits) && (classes is null || Info(o.Logits).Elements == classes))];
            (string Name, string Logits) deepest = FinalExit.Choose(this, fit.Count > 0 ? fit : rest);
            Final = deepest.Name;
            Drop(o => o.Name != deepest.Name && !side.Contains(o.Name), _ => "it is neither a side exit asked for nor the deepest");
        }
        else if (exits is null && Final is not null && !asked)
        {
            string final = Outputs.First(o => o.Name == Final).Logits;
            long classes = Info(final).Elements;
            if (!IsScores(final)) return; // refused where classes are counted
            Drop(o => o.Name != Final && !IsScores(o.Logits), o => $"it is {Info(o.Logits)}, not scores");
            Drop(
                o => o.Name != Final && Info(o.Logits).Elements != classes,
                o => $"it has {Info(o.Logits).Elements} values, '{Final}' tells {classes} classes apart");
            Drop(
                o => o.Name != Final && o.Logits != final && !Trunk.CanBeExit(this, o.Logits, final),
                o => $"no single tensor on the way to '{Final}' feeds it");
        }
        else if (exits is null)
        {
            bool any = Outputs.Any(o => IsScores(o.Logits));
            Drop(
                o => any && Info(o.Logits).Type is not (ElementType.Float or ElementType.Float16),
                o => $"it is {Info(o.Logits)}, not scores");
        }

        void Drop(Func<(string Name, string Logits), bool> which, Func<(string Name, string Logits), string> why)
        {
            List<(string Name, string Logits)> dropped = [.. Outputs.Where(which)];
            if (dropped.Count == 0) return;
            foreach ((string Name, string Logits) o in dropped) Note($"output '{o.Name}' left out, {why(o)}");
            _outputs.RemoveAll(dropped.Contains);
            Refresh();
        }
    }

    /// <summary>The one float32 input, refused where there are others.</summary>
    static string RequireInput(GraphProto graph, GraphIndex index, IReadOnlyList<string> outputs, PrepareOptions options)
    {
        // A switch between training and inference may go when the model is frozen.
        ValueInfoProto input = ClassifierInput.Find(graph, index, outputs, options.InputShape, switches: false);
        ClassifierInput.Dims(input, options.InputShape);
        return input.Name;
    }

    static void KeepOnly(GraphProto graph, string input, IReadOnlyList<string> outputs)
    {
        Prune(graph, new GraphIndex(graph), outputs, input);
        graph.Output.Clear();
        graph.Output.Add(outputs.Distinct().Select(o => new ValueInfoProto { Name = o }));
        graph.ValueInfo.Clear();
        UnsignedActivations.Make(graph);
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

    internal static void Prune(GraphProto graph, GraphIndex index, IEnumerable<string> outputs, string input)
    {
        List<string> kept = [.. outputs];
        bool[] needed = index.Ancestors(kept);
        graph.Node.Clear();
        graph.Node.Add(Enumerable.Range(0, needed.Length).Where(i => needed[i]).Select(i => index.Nodes[i]));
        KeepUsedWeights(graph, kept);
        ValueInfoProto only = graph.Input.First(i => i.Name == input);
        graph.Input.Clear();
        graph.Input.Add(only);
    }

    /// <summary>Keeps those that a node reads, and outputs that are weights.</summary>
    static void KeepUsedWeights(GraphProto graph, List<string> outputs)
    {
        var index = new GraphIndex(graph);
        HashSet<string> read = [.. Enumerable.Range(0, index.Nodes.Count).SelectMany(index.Reads), .. outputs];
        List<TensorProto> used = [.. graph.Initializer.Where(w => read.Contains(w.Name))];
        graph.Initializer.Clear();
        graph.Initializer.Add(used);
    }

    ProbeResult Probe(IGraphRunner runner)
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
        HashSet<string> keep = [.. Outputs.Select(o => o.Logits), .. GraphWork.Wanted(Index)];
        foreach ((_, string tensor) in Outputs) keep.UnionWith(Probabilities.Origins(Index, tensor).Select(o => o.Tensor));
        ProbeResult result;
        try
        {
            result = runner.Probe(probe, ProbeInputs(InputInfo.Elements, Inputs), keep);
        }
        catch (InvalidDataException e) when (ExportAdvice.For(Model, Index) is { } advice)
        {
            throw new InvalidDataException($"{e.Message}; {advice}", e);
        }
        Tensors = result.Tensors;
        foreach (ValueInfoProto output in probe.Graph.Output)
        {
            if (!Tensors.ContainsKey(output.Name)) throw new InvalidDataException($"the engine gave no tensor '{output.Name}'");
        }
        return result;
    }

    /// <summary>Inputs of several ranges, the same each time: whatever the model expects, one of them stirs it.</summary>
    static float[][] ProbeInputs(long elements, IReadOnlyList<NamedTensor>? inputs)
    {
        var random = new Random(11);
        float[] Draw(Func<double> value)
        {
            float[] input = new float[elements];
            InputExamples.Fill(input, inputs, () => (float)value(), random.NextDouble);
            return input;
        }
        double Normal() => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
        return [Draw(random.NextDouble), Draw(Normal), Draw(() => 255 * random.NextDouble()), Draw(() => 20 * Normal())];
    }

    /// <summary>With the input's shape fixed, the results of <c>Shape</c> and <c>Size</c> are known, and do not tie distant parts of the
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
            if (info.Elements == 1 && ElementType.IsActivation(info.Type))
                throw new NoClassScoresException(
                    $"output '{name}' is a single score and no probability within 0..1; a classifier of two classes needs its Sigmoid or two "
                    + $"scores, any other number is prepared with --outputs raw{(Outputs.Count > 1 ? "; choose outputs with --exits and --final" : "")}");
            if (!IsScores(info)) throw OutputWish.NotScores(name, info.ToString());
            if (classes != 0 && info.Elements != classes)
                throw OutputWish.Disagree(name, info.Elements, Outputs[0].Name, classes);
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

    internal TensorInfo Info(string tensor)
    {
        if (tensor == Input) return InputInfo;
        if (Tensors.TryGetValue(tensor, out TensorInfo info)) return info;
        TensorProto weight = Index.Initializers[tensor];
        return new TensorInfo(weight.DataType, [.. weight.Dims]);
    }

    static long[] Sliced(NodeProto node, long[] dims)
    {
        long start = node.Attribute.FirstOrDefault(a => a.Name == "start")?.I ?? 0;
        long end = node.Attribute.FirstOrDefault(a => a.Name == "end")?.I ?? dims.Length;
        int from = (int)Math.Clamp(start < 0 ? start + dims.Length : start, 0, dims.Length);
        int to = (int)Math.Clamp(end < 0 ? end + dims.Length : end, from, dims.Length);
        return dims[from..to];
    }
}
