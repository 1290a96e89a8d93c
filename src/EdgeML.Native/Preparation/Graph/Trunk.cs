using EdgeML.Native.Models.Onnx;

namespace EdgeML.Native.Preparation.Graph;

/// <summary>A graph as a chain of units: boundaries crossed by one activation, and where the side exits read.</summary>
sealed class Trunk
{
    Trunk(List<string> boundaries, List<List<int>> units, List<SideExit> exits, (string Name, string Logits) final) =>
        (Boundaries, Units, Exits, Final) = (boundaries, units, exits, final);

    /// <summary>A side exit: its name, the tensor with its logits, the unit it follows, the nodes of its head.</summary>
    internal sealed record SideExit(string Name, string Logits, int AfterUnit, IReadOnlyList<int> Head);

    /// <summary>The one tensor after unit k; boundary 0 is the input, the last one holds the final logits.</summary>
    internal IReadOnlyList<string> Boundaries { get; }

    /// <summary>Nodes of unit k + 1.</summary>
    internal IReadOnlyList<IReadOnlyList<int>> Units { get; }

    /// <summary>By depth.</summary>
    internal IReadOnlyList<SideExit> Exits { get; }

    internal (string Name, string Logits) Final { get; }

    /// <param name="model">With shapes.</param>
    /// <exception cref="InvalidDataException">An exit that no single tensor feeds; a final output without work.</exception>
    internal static Trunk Find(Classifier model)
    {
        GraphIndex index = model.Index;
        (string Name, string Logits) deepest = model.Final is null
            ? FinalExit.Choose(model, model.Outputs)
            : model.Outputs.First(o => o.Name == model.Final);
        List<string> crossings = index.Crossings(model.Input, deepest.Logits);
        if (crossings.Count < 2 || crossings[^1] != deepest.Logits)
            throw new InvalidDataException($"output '{deepest.Name}' {(deepest.Logits == model.Input ? "is" : "does not depend on")} the input; not a classifier");
        // Only a type that a cast to float32 carries without loss may be sent.
        List<string> possible = [.. crossings
            .Where((t, i) => i == 0 || i == crossings.Count - 1 || CanBeSent(model, t))];
        QuantisedCuts.KeepKernels(model, possible);
        var trunk = new HashSet<string>(possible[1..^1]);

        var reads = new List<(string Name, string Logits, List<string> From)>();
        foreach ((string name, string logits) in model.Outputs)
        {
            if (name == deepest.Name) continue;
            if (logits == deepest.Logits)
            {
                model.Note($"output '{name}' left out, it is the final exit '{deepest.Name}'");
                continue;
            }
            if (reads.Find(r => r.Logits == logits).Name is { } same)
            {
                model.Note($"output '{name}' left out, it is the exit '{same}'");
                continue;
            }
            List<string> from = [.. index.Crossings(model.Input, logits).Where(trunk.Contains)];
            if (from.Count == 0) throw new InvalidDataException($"exit '{name}' is not fed by one tensor of the trunk to '{deepest.Name}'");
            reads.Add((name, logits, from));
        }

        var segments = new List<(string End, List<int> Nodes)>();
        for (int i = 1; i < possible.Count; i++)
            segments.Add((possible[i], Between(index, possible[i - 1], possible[i])));
        // A head that reads after real work inside a unit gets a boundary there; one that reads after a Flatten takes the Flatten along.
        var forced = new HashSet<string>();
        List<int> ends = Group(index, segments, forced);
        foreach ((_, _, List<string> from) in reads)
        {
            int read = segments.FindIndex(s => s.End == from[^1]);
            int before = ends.FindLastIndex(e => e <= read);
            int start = before < 0 ? 0 : ends[before] + 1;
            bool light = before >= 0 && from.Contains(segments[ends[before]].End)
                && Enumerable.Range(start, read + 1 - start).All(s => segments[s].Nodes.TrueForAll(n => IsLight(index.Nodes[n])));
            if (!light) forced.Add(from[^1]);
        }
        if (forced.Count > 0) ends = Group(index, segments, forced);

        var boundaries = new List<string> { model.Input };
        var units = new List<List<int>>();
        for (int u = 0; u < ends.Count; u++)
        {
            int from = u == 0 ? 0 : ends[u - 1] + 1;
            units.Add([.. Enumerable.Range(from, ends[u] + 1 - from).SelectMany(s => segments[s].Nodes)]);
            boundaries.Add(segments[ends[u]].End);
        }
        IEnumerable<SideExit> exits = reads.Select(r =>
        {
            int after = boundaries.FindLastIndex(boundaries.Count - 2, b => r.From.Contains(b));
            bool[] head = index.Ancestors([r.Logits], boundaries[after]);
            return new SideExit(r.Name, r.Logits, after, [.. Enumerable.Range(0, head.Length).Where(n => head[n] && !index.IsConstant(n))]);
        });
        return new Trunk(boundaries, units, [.. exits.OrderBy(e => e.AfterUnit)], deepest);
    }

    static bool CanBeSent(Classifier model, string tensor) =>
        model.Info(tensor) is { Elements: > 0 } info && ElementType.MayCross(info.Type);

    /// <summary>Whether some tensor on the way to <paramref name="final"/>, the input aside, is all that an output depends on.</summary>
    internal static bool CanBeExit(Classifier model, string output, string final)
    {
        HashSet<string> trunk = [.. model.Index.Crossings(model.Input, final)[1..].SkipLast(1).Where(t => CanBeSent(model, t))];
        return model.Index.Crossings(model.Input, output).Exists(trunk.Contains);
    }

    /// <summary>Indices of the segments that end a unit.</summary>
    static List<int> Group(GraphIndex index, List<(string End, List<int> Nodes)> segments, HashSet<string> forced)
    {
        var ends = new List<int>();
        bool worked = false; // whether the open unit has more than layout and element-wise work
        for (int s = 0; s < segments.Count; s++)
        {
            bool elementwise = segments[s].Nodes.TrueForAll(n => Operators.IsElementwise(index.Nodes[n]));
            bool light = segments[s].Nodes.TrueForAll(n => IsLight(index.Nodes[n]));
            if (worked && !elementwise)
            {
                ends.Add(s - 1);
                worked = false;
            }
            worked |= !light;
            if (forced.Contains(segments[s].End))
            {
                ends.Add(s);
                worked = false;
            }
        }
        // A trailing Flatten is no separate unit.
        if (!worked && ends.Count > 0 && !forced.Contains(segments[ends[^1]].End)) ends.RemoveAt(ends.Count - 1);
        ends.Add(segments.Count - 1);
        return ends;
    }

    static bool IsLight(NodeProto node) => Operators.IsElementwise(node) || Operators.IsLayout(node);

    static List<int> Between(GraphIndex index, string from, string to)
    {
        bool[] nodes = index.Ancestors([to], from);
        return [.. Enumerable.Range(0, nodes.Length).Where(n => nodes[n] && !index.IsConstant(n))];
    }
}
