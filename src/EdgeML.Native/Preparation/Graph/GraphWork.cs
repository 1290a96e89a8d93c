using EdgeML.Native.Models.Onnx;

namespace EdgeML.Native.Preparation.Graph;

/// <summary>Multiply-accumulates of a graph's nodes, bodies of If, Loop and Scan included.</summary>
/// <remarks>The counts depend on the model alone, so that two machines prepare the same units. Nodes whose work is unknown are
/// measured against known ones, only for printed work and the choice of candidates.</remarks>
sealed class GraphWork
{
    readonly Classifier _model;
    readonly IReadOnlyList<IReadOnlyDictionary<string, ProbedTensor>> _runs;
    readonly IGraphRunner _runner;
    readonly Dictionary<NodeProto, long?> _bodies = new(ReferenceEqualityComparer.Instance);
    readonly Dictionary<NodeProto, long> _measured = new(ReferenceEqualityComparer.Instance);
    double? _macsPerMs;

    internal GraphWork(Classifier model, IReadOnlyList<IReadOnlyDictionary<string, ProbedTensor>> runs, IGraphRunner runner)
    {
        (_model, _runs, _runner) = (model, runs, runner);
        foreach (NodeProto node in model.Index.Nodes)
        {
            if (HasBody(node)) _bodies[node] = BodyWork.Macs(node, Value, model.Model, runner);
        }
    }

    /// <summary>Tensors whose values the work of some nodes follows from.</summary>
    internal static IEnumerable<string> Wanted(GraphIndex index)
    {
        for (int n = 0; n < index.Nodes.Count; n++)
        {
            NodeProto node = index.Nodes[n];
            if (!HasBody(node) && OperatorWork.Macs(node, _ => [1]) is not null) continue;
            foreach (string read in index.Reads(n))
                if (!index.Initializers.ContainsKey(read) && index.Producer(read) >= 0) yield return read;
        }
    }

    /// <summary>Counted work; 0 where it is unknown.</summary>
    internal long Macs(NodeProto node) => Known(node) ?? 0;

    /// <summary>Counted work, or the equivalent of the node's time.</summary>
    internal long MacsOrMeasured(NodeProto node)
    {
        if (Known(node) is { } macs) return macs;
        if (_measured.TryGetValue(node, out long measured)) return measured;
        double? ms = Alone(node) is { } alone ? Try(() => _runner.Measure(alone)) : null;
        measured = ms is { } took ? (long)Math.Min(took * (_macsPerMs ??= Rate()), long.MaxValue / 4096) : 0;
        if (ms is not null)
            _model.Note(FormattableString.Invariant(
                $"the work of {GraphIndex.Describe(node)} is not known: it counts as {measured / 1e6:0.###} MMAC by its time"));
        return _measured[node] = measured;
    }

    long? Known(NodeProto node) =>
        HasBody(node) ? _bodies.GetValueOrDefault(node) : OperatorWork.Macs(node, _model.Dims);

    static bool HasBody(NodeProto node) => node.OpType is "If" or "Loop" or "Scan" && node.Attribute.Any(a => a.G is not null);

    /// <summary>Multiply-accumulates that this machine does in a millisecond: those of the largest node of known work.</summary>
    double Rate()
    {
        const double usual = 1e6;
        NodeProto? largest = _model.Index.Nodes.Where(n => !HasBody(n)).MaxBy(Macs);
        if (largest is null || Macs(largest) == 0 || Alone(largest) is not { } alone) return usual;
        return Try(() => _runner.Measure(alone)) is > 0 and { } ms ? Macs(largest) / ms : usual;
    }

    /// <summary>A model of one node with its inputs on the probe.</summary>
    ModelProto? Alone(NodeProto node)
    {
        GraphIndex index = _model.Index;
        int at = index.Nodes.ToList().FindIndex(n => ReferenceEquals(n, node));
        if (at < 0) return null;
        List<TensorProto> inputs = [];
        foreach (string read in index.Reads(at))
        {
            if (Value(read) is { } value) inputs.Add(value.Weight(read));
            else if (Filled(read) is { } other) inputs.Add(other);
            else return null;
        }
        return BodyWork.Model(_model.Model, [node], inputs, [.. GraphIndex.Outputs(node)]);
    }

    /// <summary>Ones in the shape of a tensor whose values were not kept.</summary>
    TensorProto? Filled(string tensor)
    {
        TensorInfo info = _model.Info(tensor);
        if (info.Type != ElementType.Float || info.Elements > 1 << 28) return null;
        float[] ones = new float[info.Elements];
        Array.Fill(ones, 1);
        return new ProbedTensor(info, System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(ones).ToArray()).Weight(tensor);
    }

    ProbedTensor? Value(string tensor)
    {
        if (_model.Index.Initializers.TryGetValue(tensor, out TensorProto? weight))
            return new ProbedTensor(new TensorInfo(weight.DataType, [.. weight.Dims]), weight.RawData.ToByteArray());
        return _runs.Count > 0 ? _runs[0].GetValueOrDefault(tensor) : null;
    }

    static double? Try(Func<double?> measure)
    {
        try
        {
            return measure();
        }
        catch (InvalidDataException)
        {
            return null; // a node of the whole model may not run alone
        }
    }
}
