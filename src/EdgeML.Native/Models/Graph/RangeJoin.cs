using System.Security.Cryptography;
using EdgeML.Native.Interop;
using EdgeML.Native.Models.Onnx;
using Google.Protobuf;

namespace EdgeML.Native.Models.Graph;

/// <summary>Puts ranges one behind the other into one model, a gate at each stop between them.</summary>
/// <remarks>
/// A gate lets the native chain look at the exit's logits and end the run there; what lies behind reads its output, so it runs later.
/// Where both sides of a stop are in the inference library's blocked layout, the tensor passes as it is instead of going through
/// rows: a joined model made of optimised graphs belongs to this machine and is never stored.
/// </remarks>
sealed class RangeJoin
{
    /// <summary>Input that chains fill; edgeml.h.</summary>
    internal const string GateInput = "edgeml/gate";

    const string GateDomain = "edgeml";

    // Smaller tensors are not worth a name of their own.
    const int LeastShared = 4096;

    readonly IReadOnlyDictionary<string, WeightTensor> _shared;
    readonly IReadOnlyDictionary<string, TensorProto> _sharedProtos;
    readonly GraphProto _graph = new();
    readonly Dictionary<string, long> _opsets = new() { [GateDomain] = 1 };
    readonly List<WeightTensor> _weights = [];
    readonly List<TensorProto> _copies = [];
    readonly HashSet<string> _taken = [];

    RangeJoin(IReadOnlyDictionary<string, WeightTensor> shared, IReadOnlyDictionary<string, TensorProto> sharedProtos) =>
        (_shared, _sharedProtos) = (shared, sharedProtos);

    /// <param name="ranges">Two or more; every one but the last ends at a side exit and emits its boundary.</param>
    /// <param name="shared">Weights that engines take from the package.</param>
    /// <param name="sharedProtos">How models name them, by name.</param>
    /// <exception cref="InvalidDataException">Graphs that cannot be joined: subgraphs, or versions that differ.</exception>
    internal static RangeModel Join(
        IReadOnlyList<JoinedRange> ranges, IReadOnlyDictionary<string, WeightTensor> shared, IReadOnlyDictionary<string, TensorProto> sharedProtos) =>
        new RangeJoin(shared, sharedProtos).Join(ranges);

    RangeModel Join(IReadOnlyList<JoinedRange> ranges)
    {
        RangeModel first = ranges[0].Range, last = ranges[^1].Range;
        _graph.Name = ranges[0].Model.Graph.Name;
        _graph.Input.Add(ranges[0].Model.Graph.Input.Single());
        _graph.Input.Add(PackageWriter.Describe(GateInput, new TensorInfo(ElementType.Int64, [1])));
        _graph.Output.Add(ranges[^1].Model.Graph.Output);
        List<string> outputs = [.. last.Outputs];
        var gates = new List<GateOutput>();
        string passed = first.Input;
        for (int i = 0; i < ranges.Count; i++)
        {
            JoinedRange range = ranges[i];
            GraphProto from = range.Model.Graph;
            AddOpsets(range.Model);
            bool ends = i + 1 == ranges.Count;
            var names = new Dictionary<string, string> { [""] = "", [range.Range.Input] = passed };
            var left = new HashSet<NodeProto>();
            if (i > 0 && BlockedStop(ranges[i - 1], range))
            {
                foreach (NodeProto node in BlockedLayout.Blocks(from, range.Range.Input))
                {
                    names[node.Output[0]] = passed;
                    left.Add(node);
                }
            }
            string trunk = range.Range.Boundary ?? "";
            if (!ends && BlockedStop(range, ranges[i + 1]))
            {
                NodeProto unblocks = BlockedLayout.Unblocks(from, trunk)!;
                if (!from.Node.Any(node => node.Input.Contains(trunk))) left.Add(unblocks);
                trunk = unblocks.Input[0];
            }
            foreach (string kept in ends ? range.Range.Outputs : [range.Range.Logits!]) names[kept] = kept;
            string Name(string name) => names.TryGetValue(name, out string? known) ? known : names[name] = $"{i}:{name}";

            foreach (TensorProto tensor in from.Initializer) AddWeight(tensor, names, Name);
            foreach (NodeProto node in from.Node)
                if (!left.Contains(node)) AddNode(node, Name);
            if (ends) break;
            string logits = range.Range.Logits!;
            gates.Add(new GateOutput(range.Exit, outputs.Count));
            outputs.Add(logits);
            _graph.Output.Add(from.Output.Single(output => output.Name == logits));
            passed = $"{GateDomain}:{i}";
            _graph.Node.Add(Gate(range.Exit, Name(trunk), logits, passed));
        }
        return new RangeModel(Model(ranges[0].Model), first.Input, first.InputDims, last.Boundary, last.Logits, outputs, _weights) { Gates = gates, Copies = _copies };
    }

    static bool BlockedStop(JoinedRange before, JoinedRange behind) =>
        BlockedLayout.Unblocks(before.Model.Graph, before.Range.Boundary!) is not null
        && BlockedLayout.Blocks(behind.Model.Graph, behind.Range.Input).Count > 0;

    static NodeProto Gate(int exit, string trunk, string logits, string passed) => new()
    {
        Domain = GateDomain,
        OpType = "Gate",
        Name = passed,
        Input = { trunk, logits, GateInput },
        Output = { passed },
        Attribute = { new AttributeProto { Name = "exit", Type = 2, I = exit } },
    };

    // An optimised graph names every domain that the process knows.
    void AddOpsets(ModelProto model)
    {
        HashSet<string> used = [.. model.Graph.Node.Select(node => Plain(node.Domain))];
        foreach (OperatorSetIdProto opset in model.OpsetImport)
        {
            string domain = Plain(opset.Domain);
            if (!used.Contains(domain)) continue;
            if (!_opsets.TryAdd(domain, opset.Version) && _opsets[domain] != opset.Version)
                throw new InvalidDataException($"ranges use the operators of '{domain}' in versions {_opsets[domain]} and {opset.Version}");
        }
    }

    static string Plain(string domain) => domain == "ai.onnx" ? "" : domain;

    // An optimised graph has all weights inline: those that are still the package's go back to be shared.
    void AddWeight(TensorProto tensor, Dictionary<string, string> names, Func<string, string> name)
    {
        if (_shared.TryGetValue(tensor.Name, out WeightTensor? weight) && IsSame(tensor, weight))
        {
            names[tensor.Name] = tensor.Name;
            if (!_taken.Add(tensor.Name)) return;
            _graph.Initializer.Add(_sharedProtos[tensor.Name]);
            _weights.Add(weight);
            return;
        }
        TensorProto own = tensor.Clone();
        bool isShared = tensor.RawData.Length >= LeastShared && NativeTensors.DtypeOf(tensor.DataType) != NativeDtype.Other;
        own.Name = isShared ? names[tensor.Name] = ContentName(tensor) : name(tensor.Name);
        if (isShared)
        {
            if (!_taken.Add(own.Name)) return;
            _copies.Add(own.Clone());
            own.ClearRawData();
            own.DataLocation = 1;
            own.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = "shared" });
        }
        _graph.Initializer.Add(own);
    }

    static string ContentName(TensorProto tensor) =>
        $"copy:{Convert.ToHexStringLower(SHA256.HashData(tensor.RawData.Span))}:{tensor.DataType}:{string.Join('x', tensor.Dims)}";

    static bool IsSame(TensorProto tensor, WeightTensor weight) =>
        tensor.DataLocation == 1
        || (tensor.DataType == weight.ElementType && tensor.Dims.SequenceEqual(weight.Dims) && tensor.RawData.Span.SequenceEqual(MappedWeights.Bytes(weight)));

    void AddNode(NodeProto node, Func<string, string> name)
    {
        if (node.Attribute.Any(a => a.G is not null || a.Graphs.Count > 0))
            throw new InvalidDataException($"{GraphIndex.Describe(node)} has a subgraph");
        NodeProto own = node.Clone();
        own.Name = name(node.Name.Length > 0 ? node.Name : node.Output.First(o => o.Length > 0));
        own.Input.Clear();
        own.Input.Add(node.Input.Select(name));
        own.Output.Clear();
        own.Output.Add(node.Output.Select(name));
        _graph.Node.Add(own);
    }

    byte[] Model(ModelProto like)
    {
        GraphProto graph = like.Graph;
        like.Graph = null;
        ModelProto model = like.Clone();
        like.Graph = graph;
        model.Graph = _graph;
        model.OpsetImport.Clear();
        model.OpsetImport.Add(_opsets.Select(o => new OperatorSetIdProto { Domain = o.Key, Version = o.Value }));
        return model.ToByteArray();
    }
}
