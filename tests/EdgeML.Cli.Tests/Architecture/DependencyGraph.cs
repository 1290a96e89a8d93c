namespace EdgeML.Cli.Tests.Architecture;

/// <summary>Who uses whom, with one example for every edge.</summary>
sealed class DependencyGraph
{
    readonly SortedDictionary<string, SortedDictionary<string, string>> _edges = new(StringComparer.Ordinal);

    public IReadOnlyCollection<string> Nodes => _edges.Keys;

    public void Add(string from, string to, string example)
    {
        if (!_edges.TryGetValue(from, out SortedDictionary<string, string>? uses)) _edges[from] = uses = new(StringComparer.Ordinal);
        if (!_edges.ContainsKey(to)) _edges[to] = new(StringComparer.Ordinal);
        if (from != to) uses.TryAdd(to, example);
    }

    public bool Uses(string from, string to) => _edges.TryGetValue(from, out var uses) && uses.ContainsKey(to);

    /// <summary>The same graph with nodes merged.</summary>
    public DependencyGraph Merge(Func<string, string> name)
    {
        var merged = new DependencyGraph();
        foreach ((string from, SortedDictionary<string, string> uses) in _edges)
        {
            merged.Add(name(from), name(from), "");
            foreach ((string to, string example) in uses) merged.Add(name(from), name(to), example);
        }
        return merged;
    }

    /// <summary>A cycle, one edge with its example per line; null where there is none.</summary>
    public string? Cycle()
    {
        var done = new HashSet<string>();
        foreach (string start in _edges.Keys)
        {
            var path = new List<string>();
            if (Walk(start, path, done) is { } closes)
            {
                List<string> cycle = [.. path[path.IndexOf(closes)..], closes];
                return string.Join('\n', cycle.Zip(cycle.Skip(1), (from, to) => $"{from} -> {to}: {_edges[from][to]}"));
            }
        }
        return null;
    }

    string? Walk(string node, List<string> path, HashSet<string> done)
    {
        if (path.Contains(node)) return node;
        if (done.Contains(node)) return null;
        path.Add(node);
        foreach (string next in _edges[node].Keys)
            if (Walk(next, path, done) is { } closes) return closes;
        path.RemoveAt(path.Count - 1);
        done.Add(node);
        return null;
    }
}
