using EdgeML.Native.Imaging;
using EdgeML.Native.Interop;
using EdgeML.Native.Interop.Types;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Models.Packages;

namespace EdgeML.Native.Inference.Engines;

/// <summary>A package made ready to run: shared weights, one session per unit and head, and fused ranges that arrive in the
/// background. Edge sessions and tails of one process share it. Any thread.</summary>
public sealed class BranchedModel : IDisposable, IFusedBuilder
{
    const int MostStopsAhead = 4;

    readonly WeightsHandle _weights = new();
    readonly Lock _building = new();
    readonly Dictionary<PlanSegment, RangeModel> _ranges = [];
    readonly bool _joinsPlans;
    readonly Engine?[] _pieces;
    readonly Engine?[] _heads;
    readonly FusedRanges _fused;
    readonly bool _ownsPackage;
    readonly NativeOptimization _optimization;
    readonly bool _inlineWeights;
    readonly Action? _fusing;
    long _copiedBytes;
    int _disposed;

    BranchedModel(ModelPackage package, BackendOptions options, bool ownsPackage)
    {
        Package = package;
        Bottlenecks = package.Bottlenecks;
        Pixels = new InputPixels(Manifest);
        _ownsPackage = ownsPackage;
        options.Check();
        EngineSettings settings = options.Kind == BackendKind.OnnxRuntime ? options.Settings ?? Manifest.Engines : EngineSettings.Fastest;
        _joinsPlans = options.JoinPlans && settings.JoinedPlans;
        _optimization = settings.Optimization switch
        {
            EngineOptimization.Extended => NativeOptimization.Extended,
            EngineOptimization.Basic => NativeOptimization.Basic,
            EngineOptimization.None => NativeOptimization.None,
            _ => NativeOptimization.Default,
        };
        _fusing = options.Fusing;
        Pieces = UnitPiece.Of(Manifest, stretches: options.Stretches || options.Kind == BackendKind.TensorRt);
        _pieces = new Engine[Pieces.Count];
        _heads = new Engine[Manifest.SideExits];
        Backend = new Backend(options);
        _inlineWeights = Backend.WeightsInside || !settings.SharedWeights;
        _fused = new FusedRanges(this, options);
        try
        {
            _weights = _inlineWeights ? new WeightsHandle() : package.CreateSharedWeights(Backend.Handle);
            MakeEngines(options);
        }
        catch
        {
            Release();
            throw;
        }
    }

    void MakeEngines(BackendOptions options)
    {
        using var watch = new BuildWatch(_pieces.Length + _heads.Length, options.Progress, options.Cancellation);
        int last = Manifest.Units.Count;
        for (int i = 0; i < _pieces.Length; i++)
        {
            UnitPiece piece = Pieces[i];
            _pieces[i] = Make(watch, Package.BuildRange(piece.First, piece.Last, exitHead: null, emitBoundary: piece.Last < last, _inlineWeights));
        }
        for (int i = 0; i < _heads.Length; i++) _heads[i] = Make(watch, Package.BuildHead(i + 1, _inlineWeights));
    }

    Engine Make(BuildWatch watch, RangeModel model)
    {
        watch.Begin();
        if (Backend.WeightsInside) model = PairedRange.Of(model);
        var engine = new Engine(Backend, _weights, model, watch, _optimization);
        watch.End();
        return engine;
    }

    /// <summary>What the package says of the network.</summary>
    public ModelManifest Manifest => Package.Manifest;

    /// <summary>The package.</summary>
    public ModelPackage Package { get; }

    /// <summary>The package's bottlenecks as they were when it was loaded.</summary>
    internal BottleneckSet Bottlenecks { get; }

    /// <summary>Turns an input's bytes into its elements.</summary>
    internal InputPixels Pixels { get; }

    /// <summary>Version of the inference library in use.</summary>
    public string BackendVersion => $"{Backend.Name} {Backend.LibraryVersion}";

    /// <summary>What is unusual about the inference library in this process, one sentence each; empty as a rule.</summary>
    public IReadOnlyList<string> BackendNotes => Backend.IsGuest
        ? [$"ONNX Runtime's environment was made by other code of this process without a thread pool for all sessions: each of this model's sessions has its own arena and {(Backend.Threads == 1 ? "computes on the caller's thread" : $"its own pool of {Backend.Threads - 1} threads beside the caller")}; load the first model before that code uses ONNX Runtime to share one pool"]
        : [];

    /// <summary>First and last unit of every engine, in order; a policy can only cut between them.</summary>
    public IReadOnlyList<(int First, int Last)> EngineUnits => [.. Pieces.Select(piece => (piece.First, piece.Last))];

    internal Backend Backend { get; }

    /// <summary>How far the inference library rewrites what it is given.</summary>
    internal NativeOptimization Optimization => _optimization;

    internal FusedRanges Fused => _fused;

    /// <summary>Whether exits are decided inside engines.</summary>
    internal bool JoinsPlans => _joinsPlans && Backend.HasGates;

    /// <summary>Loads a package folder. Takes from tens of milliseconds to a second with ONNX Runtime; TensorRT builds for minutes what
    /// is not in <see cref="BackendOptions.EngineFolder"/> yet.</summary>
    /// <param name="directory">Made by <c>edgeml prepare</c>.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <exception cref="ArgumentException">An option with a value that it cannot have.</exception>
    /// <exception cref="InvalidDataException">The package is malformed.</exception>
    /// <exception cref="NativeException">The inference library is missing or refuses a piece.</exception>
    /// <exception cref="OperationCanceledException">By <see cref="BackendOptions.Cancellation"/>.</exception>
    public static BranchedModel Load(string directory, BackendOptions? options = null)
    {
        options ??= new BackendOptions();
        options.Check(); // before a large package is read
        var package = ModelPackage.Open(directory);
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
        return _fused.WaitIdle(timeout);
    }

    /// <summary>What runs as one, in order.</summary>
    internal IReadOnlyList<UnitPiece> Pieces { get; }

    /// <summary>The last unit of the piece that begins behind a unit.</summary>
    internal int EndOfPiece(int unit)
    {
        int piece = 0;
        while (Pieces[piece].Last <= unit) piece++;
        return Pieces[piece].Last;
    }

    internal Engine Piece(int index) => _pieces[index]!;

    internal Engine Head(int exit) => _heads[exit - 1]!;

    /// <summary>One session for a whole plan: a single range, or ranges joined by gates.</summary>
    /// <exception cref="NativeException">The inference library refuses the model, the ranges cannot be joined, or there is no room for what
    /// they need.</exception>
    internal Engine BuildFused(PlanKey key)
    {
        var segments = key.Segments(Manifest);
        using var alone = _building.EnterScope(); // engines are joined one at a time
        var ranges = new RangeModel[segments.Length];
        for (int i = 0; i < ranges.Length; i++) ranges[i] = Range(segments[i]);
        if (segments.Length == 1) return new Engine(Backend, _weights, ranges[0], watch: null, _optimization);
        Span<int> exits = stackalloc int[segments.Length];
        for (int i = 0; i < exits.Length; i++) exits[i] = segments[i].Exit;
        var engine = Engine.Join(Backend, _weights, ranges, exits, _fused.BudgetBytes);
        var info = new WeightsInfoNative();
        NativeError.Check(NativeMethods.WeightsGetInfo(ref info, _weights));
        Volatile.Write(ref _copiedBytes, (long)info.CopiedBytes);
        return engine;
    }

    /// <summary>Bytes of filters in this processor's layout, which joined sessions share.</summary>
    internal long CopiedBytes => Volatile.Read(ref _copiedBytes);

    long IFusedBuilder.CopiedBytes => CopiedBytes;

    void IFusedBuilder.Prepare() => MakeRanges();

    Engine IFusedBuilder.Build(PlanKey key)
    {
        _fusing?.Invoke();
        return BuildFused(key);
    }

    /// <summary>Makes the graphs of all ranges between exits, so that a policy that tries them in a new combination later allocates next to
    /// nothing. More exits than usual are left until they are needed.</summary>
    internal void MakeRanges()
    {
        using var alone = _building.EnterScope();
        int stops = Math.Min(Manifest.SideExits, MostStopsAhead);
        for (int from = 0; from <= stops; from++)
        {
            int start = from == 0 ? 0 : Manifest.Exits[from - 1].AfterUnit;
            for (int to = from + 1; to <= stops; to++)
            {
                int stop = Manifest.Exits[to - 1].AfterUnit;
                if (stop > start) Range(new PlanSegment(start + 1, stop, to, EmitsBoundary: true));
            }
            if (start < Manifest.LocalCut) Range(new PlanSegment(start + 1, Manifest.LocalCut, Manifest.Exits.Count, EmitsBoundary: false));
        }
    }

    RangeModel Range(PlanSegment segment)
    {
        if (_ranges.TryGetValue(segment, out RangeModel? range)) return range;
        range = Package.BuildRange(
            segment.FirstUnit, segment.LastUnit, segment.Exit == 0 ? null : segment.Exit, segment.EmitsBoundary, _inlineWeights);
        _ranges.Add(segment, range);
        return range;
    }

    /// <summary>Releases the sessions; slots still alive keep what they use.</summary>
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
        _fused.Dispose();
        foreach (var engine in _pieces) engine?.Dispose();
        foreach (var engine in _heads) engine?.Dispose();
        _weights.Dispose();
        Backend.Dispose();
    }

    /// <summary>The model and what computes it.</summary>
    public override string ToString() => $"{Manifest} on {BackendVersion}";
}
