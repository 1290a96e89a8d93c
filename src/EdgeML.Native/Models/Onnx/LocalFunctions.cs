namespace EdgeML.Native.Models.Onnx;

/// <summary>Puts the bodies of a model's own functions in the place of their calls, so that cuts can lie inside and work is
/// counted.</summary>
static class LocalFunctions
{
    const int MostDepth = 64, MostNodes = 1_000_000, MostCalls = 100_000;

    /// <summary>Of all bodies together, each as often as it is called.</summary>
    const long MostBytes = 1L << 30;

    /// <summary>Replaces every call that can be; functions with other operator sets than the model's stay calls.</summary>
    /// <exception cref="InvalidDataException">Functions that call each other without end.</exception>
    internal static void Inline(ModelProto model)
    {
        if (model.Functions.Count == 0) return;
        var functions = new Dictionary<(string, string, string), FunctionProto>();
        foreach (FunctionProto function in model.Functions)
        {
            if (Fits(model, function)) functions[(function.Domain, function.Name, function.Overload)] = function;
        }
        var taken = new HashSet<string>(); // prefixes of the model's names, up to each slash
        var counts = new Dictionary<string, int>();
        foreach (string name in model.Graph.Node.SelectMany(n => n.Output.Concat(n.Input))
            .Concat(model.Graph.Initializer.Select(w => w.Name)).Concat(model.Graph.Input.Select(i => i.Name)))
            Take(name);
        int calls = 0;
        long bytes = 0;
        var sizes = new Dictionary<FunctionProto, int>(ReferenceEqualityComparer.Instance);
        var nodes = new List<NodeProto>();
        Expand(model.Graph.Node, nodes, 0);
        if (calls == 0) return;
        model.Graph.Node.Clear();
        model.Graph.Node.Add(nodes);
        // Bodies may need operator sets that the model itself names for its functions only.
        foreach (OperatorSetIdProto set in model.Functions.SelectMany(f => f.OpsetImport))
        {
            if (!model.OpsetImport.Any(o => Domain(o.Domain) == Domain(set.Domain))) model.OpsetImport.Add(set);
        }
        List<FunctionProto> left = [.. model.Functions.Where(f => !functions.ContainsValue(f) || Calls(model.Graph.Node, f))];
        model.Functions.Clear();
        model.Functions.Add(left);

        void Expand(IEnumerable<NodeProto> from, List<NodeProto> to, int depth)
        {
            if (depth > MostDepth) throw new InvalidDataException($"functions call each other more than {MostDepth} deep");
            foreach (NodeProto node in from)
            {
                if (to.Count > MostNodes) throw new InvalidDataException($"the model's functions make more than {MostNodes} nodes");
                if (!functions.TryGetValue((node.Domain, node.OpType, node.Overload), out FunctionProto? function))
                {
                    to.Add(node);
                    continue;
                }
                if (++calls > MostCalls) throw new InvalidDataException($"the model's functions are called more than {MostCalls} times");
                if (!sizes.TryGetValue(function, out int size)) sizes[function] = size = function.CalculateSize();
                if ((bytes += size) > MostBytes) throw new InvalidDataException($"the model's functions make more than {MostBytes} bytes");
                string prefix = Prefix(node);
                Expand(Body(node, function, prefix), to, depth + 1);
            }
        }

        string Prefix(NodeProto call)
        {
            string stem = call.Name.Length > 0 ? call.Name : call.OpType;
            string prefix;
            do
            {
                int count = counts[stem] = counts.GetValueOrDefault(stem) + 1;
                prefix = count == 1 ? stem + "/" : $"{stem}_{count}/";
            }
            while (taken.Contains(prefix));
            Take(prefix);
            return prefix;
        }

        void Take(string name)
        {
            for (int slash = name.IndexOf('/'); slash >= 0; slash = name.IndexOf('/', slash + 1)) taken.Add(name[..(slash + 1)]);
        }
    }

    static bool Calls(IEnumerable<NodeProto> nodes, FunctionProto function) => nodes.Any(n =>
        (n.Domain == function.Domain && n.OpType == function.Name)
        || n.Attribute.Any(a => (a.G is not null && Calls(a.G.Node, function)) || a.Graphs.Any(g => Calls(g.Node, function))));

    static string Domain(string domain) => domain == "ai.onnx" ? "" : domain;

    static bool Fits(ModelProto model, FunctionProto function) => function.OpsetImport.All(set =>
        model.OpsetImport.FirstOrDefault(o => Domain(o.Domain) == Domain(set.Domain)) is not { } own || own.Version == set.Version);

    /// <summary>Nodes of a body with the names and attributes of a call.</summary>
    static List<NodeProto> Body(NodeProto call, FunctionProto function, string prefix)
    {
        var names = new Dictionary<string, string> { [""] = "" };
        for (int i = 0; i < function.Input.Count; i++) names[function.Input[i]] = i < call.Input.Count ? call.Input[i] : "";
        for (int i = 0; i < function.Output.Count; i++)
            if (i < call.Output.Count && call.Output[i].Length > 0) names[function.Output[i]] = call.Output[i];
        var attributes = new Dictionary<string, AttributeProto>();
        foreach (AttributeProto attribute in function.AttributeProto)
            if (!attributes.TryAdd(attribute.Name, attribute))
                throw new InvalidDataException($"function '{function.Name}' has two attributes '{attribute.Name}'");
        foreach (AttributeProto attribute in call.Attribute) attributes[attribute.Name] = attribute;
        var nodes = new List<NodeProto>();
        // An output that is an input as it is.
        foreach (string output in function.Output)
        {
            if (!function.Input.Contains(output)
                || call.Output.ElementAtOrDefault(function.Output.IndexOf(output)) is not { Length: > 0 } made)
                continue;
            int input = function.Input.IndexOf(output);
            if (input >= call.Input.Count)
                throw new InvalidDataException($"{GraphIndex.Describe(call)} has {call.Input.Count} inputs, its output '{made}' is input {input}");
            names[output] = call.Input[input];
            nodes.Add(new NodeProto { OpType = "Identity", Name = prefix + output, Input = { call.Input[input] }, Output = { made } });
        }
        foreach (NodeProto node in function.Node)
        {
            NodeProto copy = node.Clone();
            copy.Name = prefix + (node.Name.Length > 0 ? node.Name : node.OpType);
            Rename(copy, names, prefix, attributes);
            nodes.Add(copy);
        }
        return nodes;
    }

    static void Rename(NodeProto node, Dictionary<string, string> names, string prefix, Dictionary<string, AttributeProto> attributes)
    {
        string Of(string name)
        {
            if (!names.TryGetValue(name, out string? renamed)) names[name] = renamed = prefix + name;
            return renamed;
        }
        for (int i = 0; i < node.Input.Count; i++) node.Input[i] = Of(node.Input[i]);
        while (node.Input.Count > 0 && node.Input[^1].Length == 0) node.Input.RemoveAt(node.Input.Count - 1);
        for (int i = 0; i < node.Output.Count; i++) node.Output[i] = Of(node.Output[i]);
        for (int i = node.Attribute.Count - 1; i >= 0; i--)
        {
            AttributeProto attribute = node.Attribute[i];
            if (attribute.RefAttrName.Length > 0)
            {
                if (attributes.TryGetValue(attribute.RefAttrName, out AttributeProto? given))
                {
                    node.Attribute[i] = given.Clone();
                    node.Attribute[i].Name = attribute.Name;
                }
                else
                {
                    node.Attribute.RemoveAt(i); // not given: the operator's own default
                }
                continue;
            }
            if (attribute.G is not null) RenameGraph(attribute.G, Of, names, prefix, attributes);
            foreach (GraphProto graph in attribute.Graphs) RenameGraph(graph, Of, names, prefix, attributes);
        }
    }

    static void RenameGraph(
        GraphProto graph, Func<string, string> of, Dictionary<string, string> names, string prefix,
        Dictionary<string, AttributeProto> attributes)
    {
        foreach (ValueInfoProto input in graph.Input) input.Name = of(input.Name);
        foreach (TensorProto weight in graph.Initializer) weight.Name = of(weight.Name);
        foreach (NodeProto node in graph.Node) Rename(node, names, prefix, attributes);
        foreach (ValueInfoProto output in graph.Output) output.Name = of(output.Name);
        foreach (ValueInfoProto value in graph.ValueInfo) value.Name = of(value.Name);
    }
}
