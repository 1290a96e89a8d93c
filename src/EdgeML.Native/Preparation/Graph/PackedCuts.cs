using EdgeML.Native.Models.Onnx;

namespace EdgeML.Native.Preparation.Graph;

/// <summary>Makes cuts of several tensors where one alone never crosses for too much of the work: they are packed into one row and taken
/// apart after it, so that everything else sees a cut like any other.</summary>
static class PackedCuts
{
    /// <summary>Prefix of the names of packed tensors.</summary>
    internal const string Prefix = "edgeml/packed";

    /// <summary>A unit that does more of the trunk's multiply-accumulates is divided inside if it can be.</summary>
    const double MostShare = 0.4;

    /// <summary>Part of the unit that must lie on either side.</summary>
    const double LeastPart = 0.2;

    const int MostTensors = 4;

    /// <summary>The same for networks without class scores: detectors and segmenters keep several scales alive from end to end.</summary>
    const double MostShareOfRaw = 0.2;

    const int MostTensorsOfRaw = 10;

    /// <summary>A place in a unit: the nodes after it, and the tensors alive there.</summary>
    sealed record Place(int[] Behind, string[] Alive, long Elements);

    /// <summary>Divides units until none is too large or nothing helps.</summary>
    /// <param name="model">With shapes; nodes are added to it.</param>
    /// <param name="trunk">Of the model as it is.</param>
    /// <returns>The trunk as it is then.</returns>
    internal static Trunk Insert(Classifier model, Trunk trunk)
    {
        while (true)
        {
            Place? best = null;
            long total = trunk.Units.Sum(unit => Macs(model, unit));
            foreach (IReadOnlyList<int> unit in trunk.Units)
            {
                // Tensors captured by a subgraph cannot be renamed from outside.
                if (Macs(model, unit) <= (model.RawOutputs is null ? MostShare : MostShareOfRaw) * total || unit.Any(n => HasSubgraph(model.Index.Nodes[n]))) continue;
                if (Find(model, unit) is { } place && (best is null || place.Elements < best.Elements)) best = place;
            }
            if (best is null) return trunk;
            Pack(model, best);
            trunk = Trunk.Find(model);
        }
    }

    static long Macs(Classifier model, IEnumerable<int> nodes) => nodes.Sum(n => model.Work.Macs(model.Index.Nodes[n]));

    static bool HasSubgraph(NodeProto node) => node.Attribute.Any(a => a.G is not null || a.Graphs.Count > 0);

    /// <summary>Of the places that leave enough work on either side, the one with the fewest elements.</summary>
    static Place? Find(Classifier model, IReadOnlyList<int> unit)
    {
        GraphIndex index = model.Index;
        var uses = new Dictionary<string, int>();
        foreach (int node in unit)
            foreach (string read in index.Reads(node)) uses[read] = uses.GetValueOrDefault(read) + 1;
        HashSet<string> own = [.. unit.SelectMany(node => GraphIndex.Outputs(index.Nodes[node]))];
        var alive = new HashSet<string>();
        foreach (string read in uses.Keys)
            if (!own.Contains(read) && !index.IsConstant(read)) alive.Add(read);
        int most = model.RawOutputs is null ? MostTensors : MostTensorsOfRaw;
        bool quantised = unit.Any(node => QuantisedCuts.IsQuantised(index, node));
        long all = Macs(model, unit), done = 0;
        Place? best = null;
        foreach (int node in unit.Order())
        {
            foreach (string read in index.Reads(node))
                if (--uses[read] == 0) alive.Remove(read);
            foreach (string made in GraphIndex.Outputs(index.Nodes[node]))
                if (uses.ContainsKey(made)) alive.Add(made);
            done += Macs(model, [node]);
            if (done < LeastPart * all || done > (1 - LeastPart) * all || alive.Count < 2 || alive.Count > most) continue;
            // In a quantised unit, integers are packed, of one type: floats would part a layer from its integer kernel.
            int type = model.Info(alive.First()).Type;
            if (quantised ? !ElementType.IsQuantised(type) : type != ElementType.Float) continue;
            if (!alive.All(tensor => model.Info(tensor) is { Dims: [1, ..] } info && info.Type == type)) continue;
            long elements = alive.Sum(tensor => model.Info(tensor).Elements);
            if (elements > int.MaxValue / sizeof(float) || (best is not null && elements >= best.Elements)) continue;
            best = new Place([.. unit.Where(n => n > node)], [.. alive.Order(StringComparer.Ordinal)], elements);
        }
        return best;
    }

    static void Pack(Classifier model, Place place)
    {
        GraphProto graph = model.Model.Graph;
        GraphIndex index = model.Index;
        var tensors = new Dictionary<string, TensorInfo>(model.Tensors);
        int type = model.Info(place.Alive[0]).Type;
        string name = Prefix;
        for (int i = 2; index.Exists(name); i++) name = $"{Prefix}{i}";
        string Add(string op, string[] inputs, string output, long[] dims, params AttributeProto[] attributes)
        {
            graph.Node.Add(new NodeProto
            {
                OpType = op,
                Name = output,
                Input = { inputs },
                Output = { output },
                Attribute = { attributes }
            });
            tensors[output] = new TensorInfo(type, dims);
            return output;
        }
        // Heads that read one of the tensors stay where they are; the unit's reads after the place come out of the row.
        foreach (int node in place.Behind)
        {
            Google.Protobuf.Collections.RepeatedField<string> inputs = index.Nodes[node].Input;
            for (int i = 0; i < inputs.Count; i++)
                if (place.Alive.Contains(inputs[i])) inputs[i] = Unpacked(name, inputs[i]);
        }

        List<string> rows = [];
        foreach (string tensor in place.Alive)
            rows.Add(Add("Flatten", [tensor], $"{name}/{tensor}/row", [1, model.Info(tensor).Elements], Int("axis", 1)));
        Add("Concat", [.. rows], name, [1, place.Elements], Int("axis", 1));
        bool attributes = model.Model.OpsetImport.First(o => o.Domain is "" or "ai.onnx").Version < 10; // Slice takes no inputs before
        long at = 0;
        foreach (string tensor in place.Alive)
        {
            TensorInfo info = model.Info(tensor);
            string part = $"{name}/{tensor}/part";
            long[] dims = [1, info.Elements];
            if (attributes) Add("Slice", [name], part, dims, Ints("starts", at), Ints("ends", at + info.Elements), Ints("axes", 1));
            else Add("Slice", [name, Integers(graph, part + "/from", at), Integers(graph, part + "/to", at + info.Elements),
                Integers(graph, part + "/axis", 1)], part, dims);
            Add("Reshape", [part, Integers(graph, part + "/shape", info.Dims)], Unpacked(name, tensor), info.Dims);
            at += info.Elements;
        }
        model.Tensors = tensors;
        model.Index = new GraphIndex(graph);
    }

    static string Unpacked(string name, string tensor) => $"{name}/{tensor}";

    static string Integers(GraphProto graph, string name, params long[] values)
    {
        var weight = new TensorProto { Name = name, DataType = ElementType.Int64, Dims = { values.Length }, Int64Data = { values } };
        WeightData.Normalise(weight);
        graph.Initializer.Add(weight);
        return name;
    }

    static AttributeProto Int(string name, long value) => new() { Name = name, Type = 2, I = value };

    static AttributeProto Ints(string name, params long[] values) => new() { Name = name, Type = 7, Ints = { values } };
}
