using EdgeML.Native.Models.Onnx;

namespace EdgeML.Native.Preparation.Graph;

/// <summary>Which tensors of a model depend on its input (or on chance), in subgraphs and local functions, too. All others are constants,
/// however they are computed.</summary>
sealed class RunTimeTensors
{
    static readonly HashSet<string> s_random =
        ["Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike"];

    readonly ModelProto _model;
    readonly Dictionary<(string Domain, string Name), FunctionProto> _functions = [];
    // By reference: functions are changed meanwhile, and two may be equal.
    readonly Dictionary<FunctionProto, HashSet<string>> _formals = new(ReferenceEqualityComparer.Instance);
    Scope? _main;

    internal RunTimeTensors(ModelProto model)
    {
        _model = model;
        foreach (FunctionProto function in model.Functions)
        {
            _functions[(function.Domain, function.Name)] = function;
            _formals[function] = [];
        }
    }

    /// <summary>The names of one graph, and through it those of the graphs around it.</summary>
    internal sealed class Scope(Scope? outer)
    {
        internal Dictionary<string, NodeProto> Producers { get; } = [];

        internal Dictionary<string, TensorProto> Weights { get; } = [];

        internal HashSet<string> Inputs { get; } = [];

        internal HashSet<string> RunTime { get; } = [];

        /// <summary>Whether a name is an input of this very graph and no weight.</summary>
        internal bool IsInput(string name) => Inputs.Contains(name);

        internal bool IsRunTime(string name)
        {
            if (name.Length == 0) return false;
            for (Scope? scope = this; scope is not null; scope = scope.Outer)
                if (scope.Owns(name)) return scope.RunTime.Contains(name);
            return true; // made by nothing: the surgery says so later
        }

        /// <summary>The value of a constant that is written down, not computed; else null.</summary>
        internal TensorProto? Value(string name)
        {
            for (Scope? scope = this; scope is not null; scope = scope.Outer)
            {
                // Bounded, because a file may hold a cycle.
                for (int steps = 0; scope.Owns(name) && steps <= scope.Producers.Count; steps++)
                {
                    if (scope.Weights.TryGetValue(name, out TensorProto? weight)) return weight;
                    if (!scope.Producers.TryGetValue(name, out NodeProto? node) || !TrainingMode.IsStandard(node.Domain)) return null;
                    if (node.OpType == "Constant") return node.Attribute is [{ Name: "value", T: { } value }] ? value : null;
                    if (node.OpType != "Identity" || node.Input.Count != 1) return null;
                    name = node.Input[0];
                }
            }
            return null;
        }

        Scope? Outer { get; } = outer;

        bool Owns(string name) => Producers.ContainsKey(name) || Weights.ContainsKey(name) || Inputs.Contains(name);
    }

    /// <summary>Of the main graph.</summary>
    internal Scope Main
    {
        get
        {
            if (_main is not null) return _main;
            // The arguments of functions are known once a pass over all calls finds no new one.
            bool grew = true;
            while (grew)
            {
                grew = false;
                _main = Of(_model.Graph, null);
                grew |= LearnCalls(_model.Graph.Node, _main);
                foreach (FunctionProto function in _model.Functions) grew |= LearnCalls(function.Node, Body(function));
            }
            return _main!;
        }
    }

    /// <summary>Of a function's body, over all of its calls.</summary>
    internal Scope Of(FunctionProto function)
    {
        _ = Main;
        return Body(function);
    }

    Scope Body(FunctionProto function)
    {
        var scope = new Scope(null);
        scope.Inputs.UnionWith(function.Input);
        scope.RunTime.UnionWith(_formals[function]);
        Fill(scope, function.Node);
        return scope;
    }

    /// <summary>Of a graph inside another, or of the main one.</summary>
    internal static Scope Of(GraphProto graph, Scope? outer)
    {
        var scope = new Scope(outer);
        foreach (TensorProto weight in graph.Initializer) scope.Weights.TryAdd(weight.Name, weight);
        scope.Inputs.UnionWith(graph.Input.Select(i => i.Name));
        scope.Inputs.ExceptWith(scope.Weights.Keys);
        scope.RunTime.UnionWith(scope.Inputs);
        Fill(scope, graph.Node);
        return scope;
    }

    /// <summary>Every name a node reads; a few too many where subgraphs define names themselves.</summary>
    internal static IEnumerable<string> Reads(NodeProto node) =>
        node.Input.Concat(Subgraphs(node).SelectMany(graph => graph.Node.SelectMany(Reads).Concat(graph.Output.Select(o => o.Name))));

    /// <summary>Whether a node gives other values at every run.</summary>
    internal static bool IsRandom(NodeProto node) => TrainingMode.IsStandard(node.Domain) && s_random.Contains(node.OpType);

    internal static IEnumerable<GraphProto> Subgraphs(NodeProto node) =>
        node.Attribute.SelectMany(a => a.G is null ? a.Graphs : a.Graphs.Prepend(a.G));

    static void Fill(Scope scope, IList<NodeProto> nodes)
    {
        var readers = new Dictionary<string, List<NodeProto>>();
        var open = new Stack<string>(scope.RunTime);
        void Mark(NodeProto node)
        {
            foreach (string output in node.Output)
                if (output.Length > 0 && scope.RunTime.Add(output)) open.Push(output);
        }
        foreach (NodeProto node in nodes)
            foreach (string output in node.Output) scope.Producers.TryAdd(output, node);
        foreach (NodeProto node in nodes)
        {
            bool marked = IsRandom(node);
            foreach (string read in Inputs(node))
            {
                if (!readers.TryGetValue(read, out List<NodeProto>? list)) readers[read] = list = [];
                list.Add(node);
                marked |= scope.IsRunTime(read);
            }
            if (marked) Mark(node);
        }
        while (open.TryPop(out string? name))
            foreach (NodeProto reader in readers.GetValueOrDefault(name, [])) Mark(reader);
    }

    /// <summary>Tensors that a node reads from its graph.</summary>
    static IEnumerable<string> Inputs(NodeProto node)
    {
        foreach (string input in node.Input) yield return input;
        foreach (GraphProto graph in Subgraphs(node))
        {
            HashSet<string> own =
                [.. graph.Node.SelectMany(n => n.Output), .. graph.Initializer.Select(w => w.Name), .. graph.Input.Select(i => i.Name)];
            foreach (string name in graph.Node.SelectMany(Inputs).Concat(graph.Output.Select(o => o.Name)))
                if (!own.Contains(name)) yield return name;
        }
    }

    bool LearnCalls(IList<NodeProto> nodes, Scope scope)
    {
        bool grew = false;
        foreach (NodeProto node in nodes)
        {
            foreach (GraphProto graph in Subgraphs(node)) grew |= LearnCalls(graph.Node, Of(graph, scope));
            if (!_functions.TryGetValue((node.Domain, node.OpType), out FunctionProto? called)) continue;
            for (int i = 0; i < Math.Min(called.Input.Count, node.Input.Count); i++)
                if (scope.IsRunTime(node.Input[i])) grew |= _formals[called].Add(called.Input[i]);
        }
        return grew;
    }
}
