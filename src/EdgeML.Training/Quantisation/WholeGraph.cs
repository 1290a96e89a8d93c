using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Models.Packages;
using EdgeML.Native.Preparation.Graph;
using Google.Protobuf;

namespace EdgeML.Training.Quantisation;

/// <summary>The network of a package as one graph of float32 layers, weights inline, brought into the form that integer kernels are made
/// of.</summary>
sealed class WholeGraph
{
    readonly Dictionary<NodeProto, int> _units;

    WholeGraph(ModelProto model, string input, long[] inputDims, IReadOnlyList<string> outputs, GraphIndex index,
        IReadOnlyDictionary<string, TensorInfo> tensors, Dictionary<NodeProto, int> units) =>
        (Model, Input, InputDims, Outputs, Index, Tensors, _units) = (model, input, inputDims, outputs, index, tensors, units);

    internal ModelProto Model { get; }

    internal string Input { get; }

    /// <summary>Batch included.</summary>
    internal long[] InputDims { get; }

    /// <summary>The tensors with the scores, one for each exit, the final one last.</summary>
    internal IReadOnlyList<string> Outputs { get; }

    internal GraphIndex Index { get; }

    /// <summary>Type and full shape of every tensor that is no weight.</summary>
    internal IReadOnlyDictionary<string, TensorInfo> Tensors { get; }

    /// <exception cref="InvalidDataException">The network cannot be quantised; one line gives the reason.</exception>
    internal static WholeGraph Of(ModelPackage package, IGraphRunner runner)
    {
        ModelManifest manifest = package.Manifest;
        RangeModel whole;
        try
        {
            whole = package.BuildWhole(inlineWeights: true);
        }
        catch (Exception e) when (e is OverflowException or OutOfMemoryException)
        {
            throw new InvalidDataException($"{manifest.Name}: the network has more than 2 GB of weights, which cannot be quantised", e);
        }
        ModelProto model = ModelProto.Parser.ParseFrom(whole.Onnx);
        int already = model.Graph.Node.Count(n => IsOfIntegers(n.OpType));
        if (already > 0)
            throw new InvalidDataException($"{manifest.Name} is quantised already: it has {already} nodes that make, read or multiply quantised integers");
        Dictionary<NodeProto, int> units = UnitsOf(model, manifest);
        string[] outputs = [.. whole.Outputs];
        IReadOnlyDictionary<string, TensorInfo> tensors = Shapes(model, runner, whole.InputDims, outputs);
        OpsetUpgrade.Apply(model, manifest.Name, Dims);
        var cleaning = new GraphCleaning(model.Graph, whole.Input, outputs);
        cleaning.RemoveNodesWithoutEffect();
        cleaning.FoldPadding();
        cleaning.FoldNormalisation();
        cleaning.JoinBiases(Dims);
        NameOutputs(model.Graph, outputs, manifest);
        tensors = Shapes(model, runner, whole.InputDims, outputs);
        return new WholeGraph(model, whole.Input, [.. whole.InputDims], outputs, new GraphIndex(model.Graph), tensors, units);

        long[]? Dims(string tensor) => tensor == whole.Input ? [.. whole.InputDims] : tensors.TryGetValue(tensor, out TensorInfo info) ? info.Dims : null;
    }

    /// <summary>Full shape of a tensor or weight; null where it is not known.</summary>
    internal long[]? Dims(string tensor) => Tensors.TryGetValue(tensor, out TensorInfo info) ? info.Dims
        : tensor == Input ? InputDims
        : Index.Initializers.TryGetValue(tensor, out TensorProto? weight) ? [.. weight.Dims] : null;

    /// <summary>The unit of the package that a node belongs to, from 1; 0 for those of side exits.</summary>
    internal int Unit(NodeProto node) => _units.GetValueOrDefault(node);

    static bool IsOfIntegers(string op) => op.StartsWith("QLinear", StringComparison.Ordinal)
        || op is "QuantizeLinear" or "DequantizeLinear" or "DynamicQuantizeLinear" or "QGemm" or "ConvInteger" or "MatMulInteger"
            or "MatMulIntegerToFloat" or "DynamicQuantizeMatMul" or "DynamicQuantizeLSTM" or "QAttention" or "MatMulNBits";

    static Dictionary<NodeProto, int> UnitsOf(ModelProto model, ModelManifest manifest)
    {
        // Nodes are changed later, and equal ones have equal contents.
        var units = new Dictionary<NodeProto, int>(ReferenceEqualityComparer.Instance);
        var index = new GraphIndex(model.Graph);
        foreach (UnitInfo unit in manifest.Units)
        {
            string end = unit.Index == manifest.LocalCut ? manifest.Exits[^1].Tensor : manifest.Cuts[unit.Index].Tensor;
            bool[] own = index.Ancestors([end], stop: manifest.Cuts[unit.Index - 1].Tensor);
            for (int n = 0; n < own.Length; n++)
                if (own[n]) units.TryAdd(index.Nodes[n], unit.Index);
        }
        return units;
    }

    /// <summary>Gives the scores the names of their exits, by which the file is prepared again.</summary>
    static void NameOutputs(GraphProto graph, string[] outputs, ModelManifest manifest)
    {
        for (int i = 0; i < outputs.Length; i++)
        {
            string name = manifest.Exits[i].Name;
            if (outputs[i] == name) continue;
            if (new GraphIndex(graph).Exists(name)) Rename(graph, name, Free(graph, name));
            Rename(graph, outputs[i], name);
            outputs[i] = name;
        }
        graph.Output.Clear();
        graph.Output.Add(outputs.Select(o => new ValueInfoProto { Name = o }));
    }

    static string Free(GraphProto graph, string name)
    {
        var index = new GraphIndex(graph);
        while (index.Exists(name)) name += "_";
        return name;
    }

    static void Rename(GraphProto graph, string from, string to)
    {
        foreach (NodeProto node in graph.Node)
        {
            for (int i = 0; i < node.Input.Count; i++)
                if (node.Input[i] == from) node.Input[i] = to;
            for (int i = 0; i < node.Output.Count; i++)
                if (node.Output[i] == from) node.Output[i] = to;
            foreach (GraphProto body in RunTimeTensors.Subgraphs(node))
                if (GraphIndex.Captured(body).Contains(from)) Rename(body, from, to);
        }
        foreach (TensorProto weight in graph.Initializer)
            if (weight.Name == from) weight.Name = to;
        foreach (ValueInfoProto value in graph.Output)
            if (value.Name == from) value.Name = to;
    }

    static IReadOnlyDictionary<string, TensorInfo> Shapes(
        ModelProto model, IGraphRunner runner, IReadOnlyList<long> inputDims, IReadOnlyList<string> outputs)
    {
        var index = new GraphIndex(model.Graph);
        HashSet<string> read = [.. Enumerable.Range(0, index.Nodes.Count).SelectMany(index.Reads), .. outputs];
        var probe = new ModelProto(model);
        probe.Graph.Output.Clear();
        probe.Graph.Output.Add(index.Nodes.SelectMany(GraphIndex.Outputs).Where(read.Contains).Select(o => new ValueInfoProto { Name = o }));
        float[] input = new float[TensorInfo.Count(inputDims)];
        Array.Fill(input, 0.5f);
        return runner.Probe(probe, [input], new HashSet<string>()).Tensors;
    }
}
