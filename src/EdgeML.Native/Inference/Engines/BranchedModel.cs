using EdgeML.Native.Imaging;
using EdgeML.Native.Interop;
using EdgeML.Native.Interop.Types;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Models.Packages;

namespace EdgeML.Native.Inference.Engines;

/// <summary>A package made ready to run: shared weights, one session per unit and head, and fused ranges that arrive in the
/// background. Edge sessions and tails of one process share it. Any thread.</summary>
public sealed class BranchedModel : IDisposable
{
    const int MostNotes = 8;

    readonly WeightsHandle _weights = new();
    readonly bool _joinsPlans;
    readonly int _askedThreads;
    readonly Engine?[] _engines;
    readonly Engine?[] _heads;
    readonly RangeBuilder? _builder;
    readonly FusedRanges? _fused;
    readonly bool _ownsPackage;
    readonly NativeOptimization _optimization;
    readonly bool _inlineWeights;
    readonly Lock _gate = new();
    readonly List<BatchPlans> _batches = [];
    readonly List<string> _notes = [];
    int _disposed;

    BranchedModel(ModelPackage package, BackendOptions options, bool ownsPackage)
    {
        Package = package;
        (Manifest, Bottlenecks) = (package.Manifest, package.Bottlenecks);
        Pixels = new InputPixels(Manifest);
        _ownsPackage = ownsPackage;
        options.Check();
        if (options.Kind == BackendKind.TensorRt && !Manifest.IsClassifier)
            throw new ArgumentException(
                $"model {Manifest.Name} has outputs that are no class scores, and TensorRT runs classifiers only; ONNX Runtime runs it");
        ExitRule = ExitRuleHook.Of(Manifest, options);
        EngineSettings settings = options.Kind != BackendKind.TensorRt ? options.Settings ?? Manifest.Engines : EngineSettings.Fastest;
        AnyBatchPays = options.AnyBatchPays;
        _askedThreads = options.Threads;
        _joinsPlans = options.JoinPlans && settings.JoinedPlans;
        _optimization = settings.Optimization switch
        {
            EngineOptimization.Extended => NativeOptimization.Extended,
            EngineOptimization.Basic => NativeOptimization.Basic,
            EngineOptimization.None => NativeOptimization.None,
            _ => NativeOptimization.Default,
        };
        EngineRanges = EngineRange.Of(Manifest, merged: options.MergedUnits || options.IsOnDevice);
        _engines = new Engine[EngineRanges.Count];
        _heads = new Engine[Manifest.SideExits];
        Backend = new Backend(options);
        _inlineWeights = Backend.WeightsInside || !settings.SharedWeights;
        try
        {
            _weights = _inlineWeights ? new WeightsHandle() : package.CreateSharedWeights(Backend.Handle);
            MakeEngines(options);
            _builder = new RangeBuilder(package, Backend, _weights, _inlineWeights, _optimization, options.FusedBudgetBytes);
            _fused = new FusedRanges(_builder, options);
        }
        catch
        {
            Release();
            throw;
        }
    }

    void MakeEngines(BackendOptions options)
    {
        using var watch = new BuildWatch(_engines.Length + _heads.Length, options.Progress, options.Cancellation);
        int last = Manifest.Units.Count;
        for (int i = 0; i < _engines.Length; i++)
        {
            EngineRange range = EngineRanges[i];
            _engines[i] = Make(watch, Package.BuildRange(range.First, range.Last, exitHead: null, emitBoundary: range.Last < last, _inlineWeights));
        }
        for (int i = 0; i < _heads.Length; i++) _heads[i] = Make(watch, Package.BuildHead(i + 1, _inlineWeights));
    }

    Engine Make(BuildWatch watch, RangeModel model)
    {
        watch.Begin();
        if (Backend.Kind == BackendKind.TensorRt) model = PairedRange.Of(model);
        var engine = new Engine(Backend, _weights, model, watch, _optimization);
        watch.End();
        return engine;
    }

    /// <summary>The package's description of the network, as it was when the model was loaded.</summary>
    public ModelManifest Manifest { get; }

    /// <summary>The package.</summary>
    public ModelPackage Package { get; }

    /// <summary>The package's bottlenecks as they were when it was loaded.</summary>
    internal BottleneckSet Bottlenecks { get; }

    /// <summary>How its exits decide.</summary>
    internal ExitRuleHook ExitRule { get; }

    /// <summary>Turns an input's bytes into its elements.</summary>
    internal InputPixels Pixels { get; }

    /// <summary>Version of the inference library in use.</summary>
    public string BackendVersion => $"{Backend.Name} {Backend.LibraryVersion}";

    /// <summary>Unusual facts about the inference library in this process, and what it cannot do for this model, one sentence each; empty
    /// as a rule.</summary>
    public IReadOnlyList<string> BackendNotes
    {
        get
        {
            lock (_gate) return [.. GuestNotes, .. PoolNotes, .. _notes];
        }
    }

    string[] GuestNotes => Backend.IsGuest
        ? [$"ONNX Runtime's environment was made by other code of this process without a thread pool for all sessions: each of this model's sessions has its own arena and {(Backend.Threads == 1 ? "computes on the caller's thread" : $"its own pool of {Backend.Threads - 1} threads beside the caller")}; load the first model before that code uses ONNX Runtime to share one pool"]
        : [];

    string[] PoolNotes => Backend.Threads != _askedThreads && Backend is { Kind: not BackendKind.TensorRt, IsGuest: false }
        ? [$"this model was to compute on {_askedThreads} threads and computes on {Backend.Threads}, those that the first model of this process made for all; BackendOptions.OwnThreads gives a model its own"]
        : [];

    /// <summary>First and last unit of every engine, in order; a policy can only cut between them.</summary>
    public IReadOnlyList<(int First, int Last)> EngineUnits => [.. EngineRanges.Select(range => (range.First, range.Last))];

    internal Backend Backend { get; }

    /// <summary>How far the inference library optimises its models.</summary>
    internal NativeOptimization Optimization => _optimization;

    /// <summary>Sessions of several units that are ready, or wanted.</summary>
    internal FusedRanges Fused => _fused!;

    /// <summary>How far a range for several rows may be rewritten, in the order in which that is tried.</summary>
    internal NativeOptimization[] RowLevels => _inlineWeights || _optimization != NativeOptimization.Default
        ? [_optimization] : [NativeOptimization.All, NativeOptimization.Extended];

    /// <summary>Whether rows are computed together in any number.</summary>
    internal bool AnyBatchPays { get; }

    /// <summary>Finds out, from now on, which plans can be computed for several rows at once; ends with the model.</summary>
    /// <param name="rows">Most of them.</param>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    internal BatchPlans FindBatches(int rows)
    {
        lock (_gate)
        {
            ThrowIfDisposed();
            var plans = new BatchPlans(this, rows);
            _batches.Add(plans);
            return plans;
        }
    }

    /// <summary>Adds a sentence to <see cref="BackendNotes"/>, once.</summary>
    internal void Note(string sentence)
    {
        lock (_gate)
        {
            if (_notes.Count < MostNotes && !_notes.Contains(sentence)) _notes.Add(sentence);
        }
    }

    /// <summary>Makes such sessions at once.</summary>
    internal RangeBuilder Builder => _builder!;

    /// <summary>Whether exits are decided inside engines.</summary>
    internal bool JoinsPlans => _joinsPlans && Backend.HasGates;

    /// <summary>Loads a package folder. Takes from tens of milliseconds to a second with ONNX Runtime; TensorRT builds for minutes what
    /// is not in <see cref="BackendOptions.EngineFolder"/> yet.</summary>
    /// <param name="directory">Made by <c>edgeml prepare</c>.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <exception cref="ArgumentException">An option with a value that it cannot have, or another exit rule than the package's.</exception>
    /// <exception cref="InvalidDataException">The package is malformed, or not signed by one of <see cref="BackendOptions.TrustedKeys"/>.</exception>
    /// <exception cref="NativeException">The inference library is missing or refuses a part of the network.</exception>
    /// <exception cref="OperationCanceledException">By <see cref="BackendOptions.Cancellation"/>.</exception>
    public static BranchedModel Load(string directory, BackendOptions? options = null)
    {
        options ??= new BackendOptions();
        options.Check(); // before a large package is read
        var package = ModelPackage.Open(directory, options.TrustedKeys);
        try
        {
            return Make(package, options, ownsPackage: true);
        }
        catch
        {
            package.Dispose();
            throw;
        }
    }

    /// <summary>Loads an open package, which stays the caller's and must outlive the model.</summary>
    /// <param name="package">Open.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <exception cref="ArgumentException">An option with a value that it cannot have.</exception>
    /// <exception cref="ObjectDisposedException">The package is disposed.</exception>
    public static BranchedModel Load(ModelPackage package, BackendOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(package);
        package.ThrowIfDisposed();
        return Make(package, options ?? new BackendOptions(), ownsPackage: false);
    }

    static BranchedModel Make(ModelPackage package, BackendOptions options, bool ownsPackage)
    {
        try
        {
            return new BranchedModel(package, options, ownsPackage);
        }
        catch (NativeException error) when (error.Status == NativeStatus.Cancelled)
        {
            throw new OperationCanceledException(error.Message, error, options.Cancellation);
        }
    }

    /// <summary>Blocks until every range that runs have asked for so far is fused, or the budget is used up.</summary>
    /// <param name="timeout">Longest wait.</param>
    /// <returns>Whether the background work is done.</returns>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    public bool WaitForFusion(TimeSpan timeout)
    {
        ThrowIfDisposed();
        return Fused.WaitIdle(timeout);
    }

    /// <summary>The ranges, in order.</summary>
    internal IReadOnlyList<EngineRange> EngineRanges { get; }

    /// <summary>The last unit of the range that begins after a unit.</summary>
    internal int EndOfEngine(int unit)
    {
        int range = 0;
        while (EngineRanges[range].Last <= unit) range++;
        return EngineRanges[range].Last;
    }

    internal Engine EngineAt(int index) => _engines[index]!;

    internal Engine Head(int exit) => _heads[exit - 1]!;

    /// <summary>Releases the sessions; slots still alive keep the sessions they use.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        Release();
        if (_ownsPackage) Package.Dispose();
    }

    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    internal void ThrowIfDisposed() => Disposed.ThrowIf(Volatile.Read(ref _disposed) != 0, nameof(BranchedModel));

    void Release()
    {
        BatchPlans[] batches;
        lock (_gate) batches = [.. _batches];
        foreach (BatchPlans plans in batches) plans.Dispose();
        _fused?.Dispose();
        foreach (var engine in _engines) engine?.Dispose();
        foreach (var engine in _heads) engine?.Dispose();
        _weights.Dispose();
        Backend.Dispose();
    }

    /// <summary>The model and its inference library.</summary>
    public override string ToString() => $"{Manifest} on {BackendVersion}";
}
