using EdgeML.Native.Interop;
using EdgeML.Native.Interop.Types;
using EdgeML.Native.Models.Manifest;

namespace EdgeML.Native.Inference.Engines;

/// <summary>A plan for several rows, bound to one slot's memory: a session per range, and between them the exits, where each row leaves
/// or continues separately. One thread at a time.</summary>
sealed unsafe class BatchChain : IDisposable
{
    readonly BranchedModel _model;
    readonly BatchWorkspace _workspace;
    readonly PlanKey _key;
    readonly ChainHandle _chain;
    readonly RunResultNative[] _results;

    /// <param name="model">Loaded.</param>
    /// <param name="workspace">Where the rows lie; not disposed here.</param>
    /// <param name="key">What is executed; not empty.</param>
    /// <param name="engines">One per range of it, that take any number of rows.</param>
    /// <param name="rule">Of the exits.</param>
    public BatchChain(BranchedModel model, BatchWorkspace workspace, PlanKey key, IReadOnlyList<Engine> engines, ExitRule rule)
    {
        (_model, _workspace, _key) = (model, workspace, key);
        _results = GC.AllocateArray<RunResultNative>(workspace.Rows, pinned: true);
        NativeError.Check(NativeMethods.ChainCreate(out _chain, model.Backend.Handle));
        try
        {
            model.ExitRule.Set(_chain, rule);
            PlanRange[] ranges = key.Ranges(model.Manifest);
            for (int i = 0; i < ranges.Length; i++) Add(engines[i], ranges[i]);
        }
        catch
        {
            _chain.Dispose();
            throw;
        }
    }

    /// <summary>Where the tensor of a row goes before a run, which uses it up.</summary>
    public Span<float> Row(int row)
    {
        int elements = _model.Manifest.BoundaryElements(_key.Start);
        return _workspace.Boundary(_key.Start).Floats.Slice(row * elements, elements);
    }

    /// <summary>Runs the rows from the tensors at the plan's start.</summary>
    /// <param name="rows">1..the workspace's.</param>
    /// <param name="thresholds">One per side exit, row after row.</param>
    /// <param name="said">Classes of earlier exits, <see cref="RunResultNative.MaxExits"/> numbers for each row; empty where the rule does not
    /// ask.</param>
    /// <returns>The outcome of each; valid until the next run.</returns>
    public ReadOnlySpan<RunResultNative> Run(int rows, ReadOnlySpan<float> thresholds, ReadOnlySpan<int> said = default)
    {
        int exits = _model.Manifest.SideExits;
        RowNative* natives = stackalloc RowNative[rows];
        fixed (float* pointer = thresholds)
        fixed (int* saidPointer = said)
        fixed (RunResultNative* results = _results)
        {
            for (int i = 0; i < rows; i++) natives[i] = new RowNative { Thresholds = pointer + (i * exits), ThresholdCount = (uint)exits };
            results[0] = new RunResultNative();
            NativeError.Check(NativeMethods.ChainRunBatch(results, _chain, new BatchDescNative { RowCount = (uint)rows, Rows = natives, Said = saidPointer }));
            GC.KeepAlive(_model); // whose rule was asked
        }
        return _results.AsSpan(0, rows);
    }

    public void Dispose() => _chain.Dispose();

    void Add(Engine engine, PlanRange range)
    {
        var stage = new StageNative
        {
            Flags = range.Exit == _model.Manifest.Exits.Count ? StageNative.Final | (_model.Manifest.IsClassifier ? 0 : StageNative.Raw) : 0,
            BoundaryOutput = (uint)Math.Max(0, engine.BoundaryOutput),
            LogitsOutput = (uint)Math.Max(0, engine.LogitsOutput),
            ExitIndex = (uint)range.Exit,
            Classes = range.Exit > 0 ? (uint)_model.Manifest.AnswerElements : 0,
        };
        using var none = new BufferHandle();
        NativeError.Check(NativeMethods.ChainAdd(
            _chain,
            engine.Handle,
            _workspace.Boundary(range.FirstUnit - 1).Handle,
            engine.BoundaryOutput >= 0 ? _workspace.Boundary(range.LastUnit).Handle : none,
            engine.LogitsOutput >= 0 ? _workspace.Logits(range.Exit).Handle : none,
            stage));
    }
}
