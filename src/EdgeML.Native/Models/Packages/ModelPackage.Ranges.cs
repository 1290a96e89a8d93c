using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Onnx;
using Google.Protobuf;

namespace EdgeML.Native.Models.Packages;

public sealed partial class ModelPackage
{
    /// <summary>A model of units <paramref name="firstUnit"/>..<paramref name="lastUnit"/>.</summary>
    /// <param name="firstUnit">From 1.</param>
    /// <param name="lastUnit">The last unit's own output are the final logits, so with it no boundary can be emitted.</param>
    /// <param name="exitHead">Exit whose head runs too: one that follows <paramref name="lastUnit"/>, or null.</param>
    /// <param name="emitBoundary">Whether the tensor after <paramref name="lastUnit"/> is an output.</param>
    /// <param name="inlineWeights">Whether all weights are copied into the model, for engines that cannot share the mapped ones.</param>
    /// <exception cref="ArgumentException">Units outside the model, a head elsewhere, or nothing to put out.</exception>
    internal RangeModel BuildRange(int firstUnit, int lastUnit, int? exitHead, bool emitBoundary, bool inlineWeights = false)
    {
        int units = Manifest.Units.Count;
        if (firstUnit < 1 || lastUnit < firstUnit || lastUnit > units)
            throw new ArgumentException($"units {firstUnit}..{lastUnit} are outside 1..{units} of model {Manifest.Name}");
        if (emitBoundary && lastUnit == units)
            throw new ArgumentException($"unit {lastUnit} is the last one of model {Manifest.Name}: no boundary follows it");
        if (exitHead is { } head && Exit(head).AfterUnit != lastUnit)
            throw new ArgumentException($"exit {head} follows unit {Exit(head).AfterUnit}, not unit {lastUnit}");
        if (lastUnit == units) exitHead = Manifest.Exits.Count;
        if (exitHead is null && !emitBoundary) throw new ArgumentException($"units {firstUnit}..{lastUnit} would put out nothing");
        string? boundary = emitBoundary ? Boundary(lastUnit) : null;
        string[] logits = exitHead is null ? [] : [Exit(exitHead.Value).Tensor];
        return Build(Boundary(firstUnit - 1), boundary, logits, inlineWeights);
    }

    /// <summary>A model of one side exit's head; its input is the boundary after the unit the exit follows.</summary>
    /// <exception cref="ArgumentException">Not a side exit.</exception>
    internal RangeModel BuildHead(int exit, bool inlineWeights = false)
    {
        if (exit < 1 || exit > Manifest.SideExits)
            throw new ArgumentException($"exit {exit} is outside 1..{Manifest.SideExits} of model {Manifest.Name}");
        return Build(Boundary(Exit(exit).AfterUnit), null, [Exit(exit).Tensor], inlineWeights);
    }

    /// <summary>The whole model; its outputs are the logits of exits 1..N + 1.</summary>
    internal RangeModel BuildWhole(bool inlineWeights = false) =>
        Build(Boundary(0), null, [.. Manifest.Exits.Select(e => e.Tensor)], inlineWeights);

    /// <summary>Full shape of the tensor at a cut, batch included.</summary>
    internal IReadOnlyList<long> BoundaryDims(int cut) => _graph.Info(Boundary(cut)).Dims;

    string Boundary(int cut) => cut == Manifest.Units.Count ? Manifest.Exits[^1].Tensor : Manifest.Cuts[cut].Tensor;

    ExitInfo Exit(int index) => index >= 1 && index <= Manifest.Exits.Count
        ? Manifest.Exits[index - 1]
        : throw new ArgumentException($"exit {index} is outside 1..{Manifest.Exits.Count} of model {Manifest.Name}");

    RangeModel Build(string input, string? boundary, string[] logits, bool inlineWeights)
    {
        ThrowIfDisposed();
        // Everything of the file but its graph, the parts this library does not know included.
        var model = new ModelProto(_graph.Shell);
        GraphProto graph = model.Graph = new GraphProto { Name = Manifest.Name };
        IReadOnlyList<string> wanted = boundary is null ? logits : [boundary, .. logits];
        GraphIndex index = _graph.Index;
        bool[] needed = index.Ancestors(wanted, stop: input);
        var read = new HashSet<string>();
        var taken = new HashSet<string>(wanted) { input };

        // Tensors of narrower types cross cuts as float32.
        TensorInfo inputInfo = _graph.Info(input);
        string inputName = inputInfo.Type == ElementType.Float ? input : Free(input, taken);
        graph.Input.Add((inputInfo with { Type = ElementType.Float }).Describe(inputName));
        if (inputName != input) graph.Node.Add(Cast(inputName, input, inputInfo.Type));
        for (int n = 0; n < needed.Length; n++)
        {
            if (!needed[n]) continue;
            graph.Node.Add(index.Nodes[n]);
            read.UnionWith(index.Reads(n));
        }
        List<string> outputs = [.. wanted.Select(tensor => Emit(graph, tensor, input, taken))];
        List<WeightTensor> weights = AddWeights(graph, read, inlineWeights);
        return new RangeModel(
            model.ToByteArray(),
            inputName,
            inputInfo.Dims,
            boundary is null ? null : outputs[0],
            logits.Length == 0 ? null : outputs[^1],
            outputs,
            weights);
    }

    string Emit(GraphProto graph, string tensor, string input, HashSet<string> taken)
    {
        TensorInfo info = _graph.Info(tensor);
        string name = tensor;
        if (info.Type != ElementType.Float)
        {
            name = Free(tensor, taken);
            graph.Node.Add(Cast(tensor, name, ElementType.Float));
        }
        else if (tensor == input || graph.Output.Any(o => o.Name == tensor))
        {
            name = Free(tensor, taken);
            graph.Node.Add(new NodeProto { OpType = "Identity", Name = name, Input = { tensor }, Output = { name } });
        }
        graph.Output.Add((info with { Type = ElementType.Float }).Describe(name));
        return name;
    }

    static NodeProto Cast(string from, string to, int type) => new()
    {
        OpType = "Cast",
        Name = to + "/cast",
        Input = { from },
        Output = { to },
        Attribute = { new AttributeProto { Name = "to", Type = 2, I = type } },
    };

    string Free(string name, HashSet<string> taken)
    {
        string free = name + "/edge";
        while (_graph.Index.Exists(free) || !taken.Add(free)) free += "_";
        return free;
    }

    List<WeightTensor> AddWeights(GraphProto graph, HashSet<string> read, bool inlineWeights)
    {
        var weights = new List<WeightTensor>();
        foreach (TensorProto tensor in _graph.Model.Graph.Initializer)
        {
            if (!read.Contains(tensor.Name)) continue;
            if (!_graph.External.TryGetValue(tensor.Name, out WeightTensor? weight))
            {
                graph.Initializer.Add(tensor);
            }
            else if (!inlineWeights)
            {
                graph.Initializer.Add(tensor);
                weights.Add(weight);
            }
            else
            {
                TensorProto copy = tensor.Clone();
                copy.ExternalData.Clear();
                copy.ClearDataLocation();
                copy.RawData = ByteString.CopyFrom(PackageWeights.Bytes(weight));
                graph.Initializer.Add(copy);
            }
        }
        return weights;
    }
}
