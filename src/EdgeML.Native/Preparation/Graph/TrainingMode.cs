using EdgeML.Native.Models.Onnx;

namespace EdgeML.Native.Preparation.Graph;

/// <summary>Freezes a network that was exported in training mode: active Dropout is left out, BatchNormalization takes its stored
/// statistics; in subgraphs and local functions, too.</summary>
/// <remarks>As exported, such a network answers the same input differently at every run, and the engine writes new statistics into its
/// weights.</remarks>
sealed class TrainingMode
{
    const string Advice = "export the model in inference mode (in PyTorch after model.eval())";

    /// <summary>From this version on Dropout has an input that says whether it is active.</summary>
    const long DropoutTakesMode = 12;

    /// <summary>Before this version an attribute says so, for both operators.</summary>
    const long NoTestAttribute = 7;

    readonly ModelProto _model;
    readonly RunTimeTensors _tensors;
    readonly List<string> _dropouts = [];
    readonly List<string> _normalisations = [];
    readonly HashSet<string> _switches = [];
    readonly HashSet<string> _leftOut = [];
    bool _changed;

    TrainingMode(ModelProto model) => (_model, _tensors) = (model, new RunTimeTensors(model));

    /// <summary>Freezes a model.</summary>
    /// <param name="model">As loaded; changed in place.</param>
    /// <param name="notes">Receives a sentence per kind of change.</param>
    /// <returns>A copy of the frozen model, with which answers are compared; null where nothing was in training
    /// mode.</returns>
    /// <exception cref="InvalidDataException">It cannot be frozen; one line names place and reason.</exception>
    internal static ModelProto? Freeze(ModelProto model, List<string> notes)
    {
        var freezing = new TrainingMode(model);
        GraphProto graph = model.Graph;
        freezing.Freeze(graph.Node, [.. graph.Output.Select(o => o.Name)], Version(model.OpsetImport),
            () => freezing._tensors.Main, graph);
        foreach (FunctionProto function in model.Functions)
        {
            long version = Version(function.OpsetImport.Count > 0 ? function.OpsetImport : model.OpsetImport);
            freezing.Freeze(function.Node, [.. function.Output], version, () => freezing._tensors.Of(function), null);
        }
        freezing.RemoveSwitches();
        freezing.Tell(notes);
        return freezing._changed ? model.Clone() : null;
    }

    static long Version(IEnumerable<OperatorSetIdProto> imports) =>
        imports.FirstOrDefault(import => IsStandard(import.Domain))?.Version ?? long.MaxValue;

    internal static bool IsStandard(string domain) => domain is "" or "ai.onnx";

    /// <summary>Freezes one list of nodes and the subgraphs below it.</summary>
    /// <param name="nodes">Changed in place.</param>
    /// <param name="outputs">Names that leave the list.</param>
    /// <param name="version">Of the standard operators.</param>
    /// <param name="scope">The known names.</param>
    /// <param name="graph">The main graph, whose outputs may be left out; null elsewhere.</param>
    void Freeze(
        IList<NodeProto> nodes, HashSet<string> outputs, long version, Func<RunTimeTensors.Scope> scope, GraphProto? graph)
    {
        HashSet<string>? read = null;
        bool IsRead(string name)
        {
            read ??= [.. nodes.SelectMany(RunTimeTensors.Reads)];
            if (name.Length == 0) return false;
            if (read.Contains(name)) return true;
            if (!outputs.Contains(name)) return false;
            if (graph is null) return true;
            LeaveOut(graph, name);
            return false;
        }
        foreach (NodeProto node in nodes)
        {
            foreach (GraphProto inner in RunTimeTensors.Subgraphs(node))
                Freeze(inner.Node, [.. inner.Output.Select(o => o.Name)], version,
                    () => RunTimeTensors.Of(inner, scope()), null);
            if (!IsStandard(node.Domain)) continue;
            if (node.OpType == "Dropout") FreezeDropout(node, version, scope, IsRead);
            else if (node.OpType == "BatchNormalization") FreezeNormalisation(node, version, IsRead);
        }
    }

    void FreezeDropout(NodeProto node, long version, Func<RunTimeTensors.Scope> scope, Func<string, bool> isRead)
    {
        bool active;
        if (version >= DropoutTakesMode) active = node.Input.Count > 2 && node.Input[2].Length > 0 && MayBeOn(node, scope());
        else active = version < NoTestAttribute && !IsSet(node, "is_test");
        if (!active) return;
        string mask = node.Output.ElementAtOrDefault(1) ?? "";
        if (isRead(mask))
        {
            // Inactive, Dropout itself makes the mask: all true.
            if (version < DropoutTakesMode)
                throw new InvalidDataException($"{GraphIndex.Describe(node)} is in training mode and its mask '{mask}' is read; {Advice}");
            node.Input.RemoveAt(2);
        }
        else
        {
            node.OpType = "Identity";
            node.Attribute.Clear();
            while (node.Input.Count > 1) node.Input.RemoveAt(1);
            while (node.Output.Count > 1) node.Output.RemoveAt(1);
        }
        _dropouts.Add(Name(node));
        _changed = true;
    }

    /// <summary>Whether the training_mode input is anything but a constant false.</summary>
    bool MayBeOn(NodeProto node, RunTimeTensors.Scope scope)
    {
        string mode = node.Input[2];
        if (scope.IsInput(mode) && ReferenceEquals(scope, _tensors.Main))
        {
            _switches.Add(mode);
            return true;
        }
        if (scope.IsRunTime(mode))
            throw new InvalidDataException(
                $"{GraphIndex.Describe(node)} computes at run time whether it is in training mode ('{mode}'); {Advice}");
        // Computed of constants, it is the same at every run, and Dropout in inference does not depend on it.
        return scope.Value(mode) is not { } value || IsTrue(value);
    }

    static bool IsTrue(TensorProto value)
    {
        TensorProto copy = value.Clone();
        copy.Name = "training_mode";
        if (copy.DataLocation == 1) return true;
        WeightData.Normalise(copy);
        return copy.RawData.Span.ContainsAnyExcept((byte)0);
    }

    void FreezeNormalisation(NodeProto node, long version, Func<string, bool> isRead)
    {
        // An attribute without a value takes it from the call of the function around it.
        AttributeProto? mode = node.Attribute.FirstOrDefault(a => a.Name == "training_mode");
        bool trains = mode is not null && (!mode.HasI || mode.I != 0);
        bool tests = version >= NoTestAttribute || IsSet(node, "is_test");
        if (!trains && tests && node.Output.Skip(1).All(o => o.Length == 0)) return;
        if (node.Output.Skip(1).FirstOrDefault(isRead) is { } used)
            throw new InvalidDataException(
                $"{GraphIndex.Describe(node)} is in training mode and its statistics '{used}' are read; {Advice}");
        if (mode is not null) node.Attribute.Remove(mode);
        if (!tests)
        {
            if (node.Attribute.FirstOrDefault(a => a.Name == "is_test") is { } test) node.Attribute.Remove(test);
            node.Attribute.Add(new AttributeProto { Name = "is_test", Type = 2, I = 1 });
        }
        while (node.Output.Count > 1) node.Output.RemoveAt(node.Output.Count - 1);
        _normalisations.Add(Name(node));
        _changed = true;
    }

    static bool IsSet(NodeProto node, string attribute) => node.Attribute.Any(a => a.Name == attribute && a.I != 0);

    void LeaveOut(GraphProto graph, string output)
    {
        ValueInfoProto value = graph.Output.First(o => o.Name == output);
        graph.Output.Remove(value);
        _leftOut.Add(output);
    }

    /// <summary>Inputs that only chose the mode are read by nothing now.</summary>
    void RemoveSwitches()
    {
        if (_switches.Count == 0) return;
        HashSet<string> read = [.. _model.Graph.Node.SelectMany(RunTimeTensors.Reads)];
        foreach (ValueInfoProto input in _model.Graph.Input.Where(i => _switches.Contains(i.Name) && !read.Contains(i.Name)).ToList())
            _model.Graph.Input.Remove(input);
    }

    void Tell(List<string> notes)
    {
        if (_dropouts.Count > 0) notes.Add($"exported in training mode: {Counted("Dropout", _dropouts)} left out");
        if (_normalisations.Count > 0)
            notes.Add($"exported in training mode: {Counted("BatchNormalization", _normalisations)} frozen to the stored statistics");
        foreach (string input in _switches) notes.Add($"input '{input}' chooses training or inference, frozen to inference");
        foreach (string output in _leftOut) notes.Add($"output '{output}' left out, it exists in training only");
    }

    static string Counted(string op, List<string> names) =>
        names.Count == 1 ? $"{op} '{names[0]}'" : $"{names.Count} nodes {op} (the first is '{names[0]}')";

    static string Name(NodeProto node) => node.Name.Length > 0 ? node.Name : node.Output.FirstOrDefault("");
}
