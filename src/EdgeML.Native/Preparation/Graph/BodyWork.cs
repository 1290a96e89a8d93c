using EdgeML.Native.Models.Onnx;

namespace EdgeML.Native.Preparation.Graph;

/// <summary>Work of the bodies of If, Loop and Scan, from shapes that running a body alone shows.</summary>
static class BodyWork
{
    const int MostDepth = 4;

    /// <summary>Multiply-accumulates of a node with bodies: of the larger branch, or of a body times its rounds; null where
    /// unknown.</summary>
    /// <param name="node">If, Loop or Scan.</param>
    /// <param name="value">Values of tensors of the surrounding graph on the probe.</param>
    /// <param name="model">Whose operator sets count.</param>
    /// <param name="runner">Runs the bodies.</param>
    /// <param name="depth">Of bodies around this node.</param>
    internal static long? Macs(NodeProto node, Func<string, ProbedTensor?> value, ModelProto model, IGraphRunner runner, int depth = 0)
    {
        if (depth >= MostDepth) return null;
        GraphProto[] bodies = [.. node.Attribute.Select(a => a.G).Where(g => g is not null)];
        switch (node.OpType)
        {
            case "If":
                long most = 0;
                foreach (GraphProto branch in bodies)
                {
                    if (Once(branch, [], value, model, runner, depth) is not { } macs) return null;
                    most = Math.Max(most, macs);
                }
                return most;
            case "Loop" when bodies is [var body]:
                {
                    // Inputs: most rounds, condition, carried values. The body sees the round in place of the first.
                    long? rounds = node.Input[0].Length > 0 ? value(node.Input[0])?.Integer() : null;
                    var given = new List<ProbedTensor?>
                {
                    new(new TensorInfo(ElementType.Int64, []), new byte[8]), new(new TensorInfo(ElementType.Bool, []), [1]),
                };
                    for (int i = 2; i < node.Input.Count; i++) given.Add(value(node.Input[i]));
                    return Rounds(rounds, Once(body, given, value, model, runner, depth));
                }
            case "Scan" when bodies is [var body]:
                {
                    int scans = (int)(node.Attribute.FirstOrDefault(a => a.Name == "num_scan_inputs")?.I ?? 0);
                    int states = node.Input.Count - scans;
                    long[] axes = [.. node.Attribute.FirstOrDefault(a => a.Name == "scan_input_axes")?.Ints ?? []];
                    if (scans < 1 || states < 0) return null;
                    long? rounds = null;
                    var given = new List<ProbedTensor?>();
                    for (int i = 0; i < node.Input.Count; i++)
                    {
                        ProbedTensor? tensor = value(node.Input[i]);
                        if (i < states || tensor is null)
                        {
                            given.Add(tensor);
                            continue;
                        }
                        long axis = i - states < axes.Length ? axes[i - states] : 0;
                        if (axis < 0) axis += tensor.Info.Dims.Length;
                        if (axis < 0 || axis >= tensor.Info.Dims.Length) return null;
                        rounds = tensor.Info.Dims[axis];
                        given.Add(Slice(tensor, (int)axis));
                    }
                    return Rounds(rounds, Once(body, given, value, model, runner, depth));
                }
            default:
                return null;
        }
    }

    /// <summary>A loop may end earlier: only the most rounds are known.</summary>
    static long? Rounds(long? rounds, long? each) =>
        each == 0 ? 0
            : rounds is >= 0 and < 1 << 24 && each is { } macs ? (long)Int128.Min((Int128)rounds.Value * macs, long.MaxValue / 4096)
            : null;

    /// <summary>The first slice along an axis; beside the first axis, zeros of its shape.</summary>
    static ProbedTensor Slice(ProbedTensor tensor, int axis)
    {
        long[] dims = [.. tensor.Info.Dims.Where((_, d) => d != axis)];
        int bytes = checked((int)(TensorInfo.Count(dims) * ElementType.Bytes(tensor.Info.Type)));
        return new ProbedTensor(tensor.Info with { Dims = dims }, axis == 0 ? tensor.Data[..bytes] : new byte[bytes]);
    }

    /// <summary>Multiply-accumulates of one run of a body.</summary>
    static long? Once(
        GraphProto body, List<ProbedTensor?> given, Func<string, ProbedTensor?> value, ModelProto model, IGraphRunner runner, int depth)
    {
        // Most bodies do nothing but choose or shape.
        if (body.Node.All(n => OperatorWork.Macs(n, _ => [1]) == 0)) return 0;
        var inputs = new List<TensorProto>(body.Initializer);
        for (int i = 0; i < body.Input.Count; i++)
        {
            if (i >= given.Count || given[i] is not { } tensor) return null;
            inputs.Add(tensor.Weight(body.Input[i].Name));
        }
        foreach (string captured in GraphIndex.Captured(body))
        {
            if (value(captured) is not { } tensor) return null;
            inputs.Add(tensor.Weight(captured));
        }
        string[] made = [.. body.Node.SelectMany(GraphIndex.Outputs)];
        ProbeResult run;
        try
        {
            run = runner.Probe(Model(model, body.Node, inputs, made), [], made.ToHashSet());
        }
        catch (InvalidDataException)
        {
            return null; // a node inside a loop may not run alone
        }
        Dictionary<string, TensorProto> weights = inputs.ToDictionary(w => w.Name);
        long[]? Dims(string tensor) => run.Tensors.TryGetValue(tensor, out TensorInfo info) ? info.Dims
            : weights.TryGetValue(tensor, out TensorProto? weight) ? [.. weight.Dims] : null;
        ProbedTensor? Value(string tensor) =>
            run.Runs is [var values, ..] && values.TryGetValue(tensor, out ProbedTensor? found) ? found
            : weights.TryGetValue(tensor, out TensorProto? weight)
                ? new ProbedTensor(new TensorInfo(weight.DataType, [.. weight.Dims]), weight.RawData.ToByteArray())
            : value(tensor);
        long sum = 0;
        foreach (NodeProto node in body.Node)
        {
            long? macs = node.OpType is "If" or "Loop" or "Scan"
                ? Macs(node, Value, model, runner, depth + 1)
                : OperatorWork.Macs(node, Dims);
            if (macs is not { } known) return null;
            sum += known;
        }
        return sum;
    }

    /// <summary>A model without inputs.</summary>
    internal static ModelProto Model(
        ModelProto like, IEnumerable<NodeProto> nodes, IEnumerable<TensorProto> weights, IEnumerable<string> outputs)
    {
        var model = new ModelProto { IrVersion = like.IrVersion, OpsetImport = { like.OpsetImport }, Functions = { like.Functions } };
        model.Graph = new GraphProto
        {
            Name = "part",
            Node = { nodes },
            Initializer = { weights },
            Output = { outputs.Select(o => new ValueInfoProto { Name = o }) },
        };
        return model;
    }
}
