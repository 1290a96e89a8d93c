namespace EdgeML.Native.Models.Onnx;

/// <summary>Maker and readers of each tensor of a graph, in topological order; immutable.</summary>
/// <remarks>A node that depends on weights and constants only is <em>constant</em>: it is copied to wherever it is needed, and what it
/// makes never crosses a cut.</remarks>
sealed class GraphIndex
{
    readonly Dictionary<string, int> _producer = [];
    readonly string[][] _reads;
    readonly bool[] _constant;
    readonly HashSet<string> _inputs;

    /// <exception cref="InvalidDataException">A tensor made twice or never, or a cycle.</exception>
    internal GraphIndex(GraphProto graph)
    {
        Inputs = [.. graph.Input.Select(i => i.Name)];
        _inputs = [.. Inputs];
        var initializers = new Dictionary<string, TensorProto>(graph.Initializer.Count);
        foreach (TensorProto tensor in graph.Initializer)
        {
            if (!initializers.TryAdd(tensor.Name, tensor)) throw new InvalidDataException($"two weights are named '{tensor.Name}'");
        }
        Initializers = initializers;
        Nodes = Sort(graph);
        _reads = [.. Nodes.Select(n => Reads(n).Distinct().ToArray())];
        _constant = new bool[Nodes.Count];
        for (int i = 0; i < Nodes.Count; i++)
        {
            foreach (string output in Outputs(Nodes[i]))
                _producer[output] = i;
            _constant[i] = Array.TrueForAll(_reads[i], IsConstant);
        }
    }

    /// <summary>In topological order; ties as in the file.</summary>
    internal IReadOnlyList<NodeProto> Nodes { get; }

    internal IReadOnlyList<string> Inputs { get; }

    internal IReadOnlyDictionary<string, TensorProto> Initializers { get; }

    /// <summary>The node that makes a tensor, or -1 for inputs and weights.</summary>
    internal int Producer(string tensor) => _producer.GetValueOrDefault(tensor, -1);

    internal bool Exists(string tensor) => _producer.ContainsKey(tensor) || Initializers.ContainsKey(tensor) || _inputs.Contains(tensor);

    internal bool IsConstant(string tensor) =>
        Initializers.ContainsKey(tensor) || (_producer.TryGetValue(tensor, out int node) && _constant[node]);

    internal bool IsConstant(int node) => _constant[node];

    /// <summary>Distinct tensors a node reads, those its subgraphs capture included.</summary>
    internal IReadOnlyList<string> Reads(int node) => _reads[node];

    /// <summary>Everything <paramref name="outputs"/> depend on, as one flag per node; the search stops at
    /// <paramref name="stop"/>.</summary>
    internal bool[] Ancestors(IEnumerable<string> outputs, string? stop = null)
    {
        var marked = new bool[Nodes.Count];
        var open = new Stack<string>(outputs);
        while (open.TryPop(out string? tensor))
        {
            if (tensor == stop) continue;
            int node = Producer(tensor);
            if (node < 0 || marked[node]) continue;
            marked[node] = true;
            foreach (string read in _reads[node]) open.Push(read);
        }
        return marked;
    }

    internal static IEnumerable<string> Outputs(NodeProto node) => node.Output.Where(o => o.Length > 0);

    static IEnumerable<string> Reads(NodeProto node)
    {
        foreach (string input in node.Input)
        {
            if (input.Length > 0) yield return input;
        }
        foreach (AttributeProto attribute in node.Attribute)
        {
            if (attribute.G is not null)
                foreach (string name in Captured(attribute.G)) yield return name;
            foreach (GraphProto graph in attribute.Graphs)
                foreach (string name in Captured(graph)) yield return name;
        }
    }

    /// <summary>Names a subgraph uses but does not define.</summary>
    internal static HashSet<string> Captured(GraphProto graph)
    {
        var own = new HashSet<string>(graph.Input.Select(i => i.Name));
        own.UnionWith(graph.Initializer.Select(i => i.Name));
        var captured = new HashSet<string>();
        foreach (NodeProto node in graph.Node)
        {
            foreach (string read in Reads(node))
                if (!own.Contains(read)) captured.Add(read);
            own.UnionWith(node.Output);
        }
        foreach (ValueInfoProto output in graph.Output)
            if (!own.Contains(output.Name)) captured.Add(output.Name);
        return captured;
    }

    List<NodeProto> Sort(GraphProto graph)
    {
        var made = new Dictionary<string, int>();
        for (int i = 0; i < graph.Node.Count; i++)
        {
            foreach (string output in Outputs(graph.Node[i]))
            {
                if (!made.TryAdd(output, i) || Initializers.ContainsKey(output) || _inputs.Contains(output))
                    throw new InvalidDataException($"two nodes make the tensor '{output}'");
            }
        }
        var waiting = new int[graph.Node.Count];
        var readers = new List<int>?[graph.Node.Count];
        for (int i = 0; i < graph.Node.Count; i++)
        {
            foreach (string read in Reads(graph.Node[i]).Distinct())
            {
                if (made.TryGetValue(read, out int producer))
                {
                    (readers[producer] ??= []).Add(i);
                    waiting[i]++;
                }
                else if (!Initializers.ContainsKey(read) && !_inputs.Contains(read))
                {
                    throw new InvalidDataException($"{Describe(graph.Node[i])} reads '{read}', which nothing makes");
                }
            }
        }
        var ready = new PriorityQueue<int, int>(Enumerable.Range(0, waiting.Length).Where(i => waiting[i] == 0).Select(i => (i, i)));
        var sorted = new List<NodeProto>(waiting.Length);
        while (ready.TryDequeue(out int node, out _))
        {
            sorted.Add(graph.Node[node]);
            foreach (int reader in readers[node] ?? [])
                if (--waiting[reader] == 0) ready.Enqueue(reader, reader);
        }
        if (sorted.Count < waiting.Length)
            throw new InvalidDataException(
                $"{Describe(graph.Node[Array.FindIndex(waiting, w => w > 0)])} is part of a cycle, or after one");
        return sorted;
    }

    internal static string Describe(NodeProto node) =>
        $"node '{(node.Name.Length > 0 ? node.Name : node.Output.FirstOrDefault(""))}' ({node.OpType})";

    /// <summary>The tensors every path from input to output runs through, in order, both ends included.</summary>
    /// <remarks>In any topological order the nodes before such a tensor come first and then nothing else is alive, so one sweep that
    /// counts live tensors finds them all.</remarks>
    internal List<string> Crossings(string input, string output)
    {
        bool[] needed = Ancestors([output]);
        var uses = new Dictionary<string, int> { [output] = 1 };
        for (int n = 0; n < needed.Length; n++)
        {
            if (!needed[n] || IsConstant(n)) continue;
            foreach (string read in Reads(n)) uses[read] = uses.GetValueOrDefault(read) + 1;
        }
        var live = new HashSet<string> { input };
        var crossings = new List<string> { input };
        for (int n = 0; n < needed.Length; n++)
        {
            if (!needed[n] || IsConstant(n)) continue;
            foreach (string read in Reads(n))
                if (--uses[read] == 0) live.Remove(read);
            foreach (string made in Outputs(Nodes[n]))
                if (uses.ContainsKey(made)) live.Add(made);
            if (live.Count == 1) crossings.Add(live.First());
        }
        return crossings;
    }
}
