using EdgeML.Native.Interop;
using EdgeML.Native.Interop.Types;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Models.Packages;

namespace EdgeML.Native.Inference.Engines;

/// <summary>Makes one session of several units: the graphs of ranges, each made once, and their join. Any thread, one build at a
/// time.</summary>
/// <param name="package">Open.</param>
/// <param name="backend">Loaded.</param>
/// <param name="weights">Of the package; not disposed here.</param>
/// <param name="inlineWeights">Whether engines take their weights inside the graph.</param>
/// <param name="optimization">How far the inference library rewrites a graph.</param>
/// <param name="mostCopiedBytes">Most bytes of filters that joined sessions may share.</param>
sealed class RangeBuilder(ModelPackage package, Backend backend, WeightsHandle weights, bool inlineWeights, NativeOptimization optimization,
    long mostCopiedBytes) : IFusedBuilder
{
    const int MostStopsAhead = 4;

    readonly Lock _building = new();
    readonly Dictionary<PlanRange, RangeModel> _graphs = [];
    long _copiedBytes;

    /// <summary>Bytes of filters in this processor's layout, which joined sessions share.</summary>
    public long CopiedBytes => Volatile.Read(ref _copiedBytes);

    /// <summary>Makes the graphs of all ranges between exits, so that a policy that tries them in a new combination later allocates next to
    /// nothing. More exits than usual are left until they are needed.</summary>
    public void Prepare()
    {
        using var alone = _building.EnterScope();
        ModelManifest manifest = package.Manifest;
        int stops = Math.Min(manifest.SideExits, MostStopsAhead);
        for (int from = 0; from <= stops; from++)
        {
            int start = from == 0 ? 0 : manifest.Exits[from - 1].AfterUnit;
            for (int to = from + 1; to <= stops; to++)
            {
                int stop = manifest.Exits[to - 1].AfterUnit;
                if (stop > start) Graph(new PlanRange(start + 1, stop, to, EmitsBoundary: true));
            }
            if (start < manifest.LocalCut) Graph(new PlanRange(start + 1, manifest.LocalCut, manifest.Exits.Count, EmitsBoundary: false));
        }
    }

    /// <summary>One session for a whole plan: a single range, or ranges joined by gates.</summary>
    /// <exception cref="NativeException">The inference library refuses the model, the ranges cannot be joined, or there is no room for the files that
    /// they need.</exception>
    public Engine Build(PlanKey key)
    {
        var ranges = key.Ranges(package.Manifest);
        using var alone = _building.EnterScope(); // engines are joined one at a time
        var graphs = new RangeModel[ranges.Length];
        for (int i = 0; i < graphs.Length; i++) graphs[i] = Graph(ranges[i]);
        if (ranges.Length == 1) return new Engine(backend, weights, graphs[0], watch: null, optimization);
        Span<int> exits = stackalloc int[ranges.Length];
        for (int i = 0; i < exits.Length; i++) exits[i] = ranges[i].Exit;
        var engine = Engine.Join(backend, weights, graphs, exits, mostCopiedBytes);
        CountCopies();
        return engine;
    }

    /// <summary>One session of a range for any number of rows.</summary>
    /// <param name="range">Between two stops.</param>
    /// <param name="level">How far the inference library rewrites it, where the package leaves that open.</param>
    /// <returns>Null where what goes in and out has no leading dimension that could count rows.</returns>
    /// <exception cref="NativeException">The inference library refuses the model.</exception>
    public Engine? BuildRows(PlanRange range, NativeOptimization level)
    {
        using var alone = _building.EnterScope();
        if (OpenBatch.Of(Graph(range)) is not { } open) return null;
        if (inlineWeights || optimization != NativeOptimization.Default)
            return new Engine(backend, weights, open, watch: null, optimization);
        try
        {
            // Half of the room stays for plans of single tasks, whose copies come later.
            var engine = Engine.Join(backend, weights, [open], [0], mostCopiedBytes / 2, level);
            CountCopies();
            return engine;
        }
        catch (NativeException e) when (e.Status == NativeStatus.Unsupported)
        {
            return new Engine(backend, weights, open, watch: null, NativeOptimization.Extended);
        }
    }

    void CountCopies()
    {
        var info = new WeightsInfoNative();
        NativeError.Check(NativeMethods.WeightsGetInfo(ref info, weights));
        Volatile.Write(ref _copiedBytes, (long)info.CopiedBytes);
    }

    RangeModel Graph(PlanRange range)
    {
        if (_graphs.TryGetValue(range, out RangeModel? graph)) return graph;
        graph = package.BuildRange(
            range.FirstUnit, range.LastUnit, range.Exit == 0 ? null : range.Exit, range.EmitsBoundary, inlineWeights);
        _graphs.Add(range, graph);
        return graph;
    }
}
