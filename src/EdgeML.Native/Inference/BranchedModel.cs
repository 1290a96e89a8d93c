using System.Runtime.InteropServices;
using EdgeML.Native.Interop;
using EdgeML.Native.Models;
using EdgeML.Native.Models.Onnx;

namespace EdgeML.Native.Inference;

/// <summary>A package made ready to run: shared weights, one session per unit and head, and fused ranges that arrive in the
/// background. Edge sessions and tails of one process share it. Any thread.</summary>
public sealed class BranchedModel : IDisposable
{
    readonly WeightsHandle _weights = new();
    readonly TensorStore _copies = new();
    readonly Lock _building = new();
    readonly bool _joinsPlans;
    readonly Engine?[] _pieces;
    readonly Engine?[] _heads;
    readonly FusedRanges _fused;
    readonly bool _ownsPackage;

    BranchedModel(ModelPackage package, BackendOptions options, bool ownsPackage)
    {
        Package = package;
        Bottlenecks = package.Bottlenecks;
        _ownsPackage = ownsPackage;
        _joinsPlans = options.JoinPlans;
        Pieces = UnitPiece.Of(Manifest, stretches: options.Stretches || options.Kind == BackendKind.TensorRt);
        _pieces = new Engine[Pieces.Count];
        _heads = new Engine[Manifest.SideExits];
        Backend = new Backend(options);
        _fused = new FusedRanges(this, options);
        try
        {
            _weights = Backend.WeightsInside ? new WeightsHandle() : package.CreateSharedWeights(Backend.Handle, _copies);
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
        bool inside = Backend.WeightsInside;
        for (int i = 0; i < _pieces.Length; i++)
        {
            UnitPiece piece = Pieces[i];
            _pieces[i] = Make(watch, Package.BuildRange(piece.First, piece.Last, exitHead: null, emitBoundary: piece.Last < last, inside));
        }
        for (int i = 0; i < _heads.Length; i++) _heads[i] = Make(watch, Package.BuildHead(i + 1, inside));
    }

    Engine Make(BuildWatch watch, RangeModel model)
    {
        watch.Begin();
        var engine = new Engine(Backend, _weights, model, watch: watch);
        watch.End();
        return engine;
    }

    /// <summary>What the package says of the network.</summary>
    public ModelManifest Manifest => Package.Manifest;

    /// <summary>The package.</summary>
    public ModelPackage Package { get; }

    /// <summary>The package's bottlenecks as they were when it was loaded.</summary>
    internal BottleneckSet Bottlenecks { get; }

    /// <summary>Version of the inference library in use.</summary>
    public string BackendVersion => $"{Backend.Name} {Backend.LibraryVersion}";

    /// <summary>First and last unit of every engine, in order; a policy can only cut between them.</summary>
    public IReadOnlyList<(int First, int Last)> EngineUnits => [.. Pieces.Select(piece => (piece.First, piece.Last))];

    internal Backend Backend { get; }

    internal FusedRanges Fused => _fused;

    /// <summary>Whether exits are decided inside engines.</summary>
    internal bool JoinsPlans => _joinsPlans && Backend.HasGates;

    /// <summary>Loads a package folder. Takes from tens of milliseconds to a second with ONNX Runtime; TensorRT builds for minutes what
    /// is not in <see cref="BackendOptions.EngineFolder"/> yet.</summary>
    /// <param name="directory">Made by <c>edgeml prepare</c>.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <exception cref="InvalidDataException">The package is malformed.</exception>
    /// <exception cref="NativeException">The inference library is missing or refuses a piece.</exception>
    /// <exception cref="OperationCanceledException">By <see cref="BackendOptions.Cancellation"/>.</exception>
    public static BranchedModel Load(string directory, BackendOptions? options = null)
    {
        var package = ModelPackage.Open(directory);
        try
        {
            return Make(package, options ?? new BackendOptions(), ownsPackage: true);
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
    public static BranchedModel Load(ModelPackage package, BackendOptions? options = null) =>
        Make(package, options ?? new BackendOptions(), ownsPackage: false);

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
    public bool WaitForFusion(TimeSpan timeout) => _fused.WaitIdle(timeout);

    /// <summary>What runs as one, in order.</summary>
    internal IReadOnlyList<UnitPiece> Pieces { get; }

    internal Engine Piece(int index) => _pieces[index]!;

    internal Engine Head(int exit) => _heads[exit - 1]!;

    /// <summary>One session for a whole plan: a single range, or ranges joined by gates.</summary>
    /// <exception cref="InvalidDataException">The ranges cannot be joined, or there is no room for what they need.</exception>
    /// <exception cref="NativeException">The inference library refuses the model.</exception>
    /// <exception cref="IOException">No room for a temporary file.</exception>
    internal Engine BuildFused(PlanKey key)
    {
        var segments = key.Segments(Manifest);
        using var alone = _building.EnterScope(); // weights must not grow while an engine is made with them
        if (segments.Length == 1) return new Engine(Backend, _weights, Range(segments[0]));
        RangeModel joined = Joined(segments);
        _fused.RequireRoom(joined.Copies.Where(copy => !_copies.Holds(copy.Name)).Sum(copy => (long)copy.RawData.Length));
        foreach (TensorProto copy in joined.Copies) _copies.Keep(_weights, copy);
        return new Engine(Backend, _weights, joined, NativeOptimization.Extended);
    }

    /// <summary>Bytes of filters in this processor's layout, which fused sessions share.</summary>
    internal long CopiedBytes => _copies.Bytes;

    // Every range keeps the layout it has alone, blocked or not; joined, ranges would be judged as one.
    internal RangeModel Joined(PlanSegment[] segments) => Package.Join([.. segments.Select(segment =>
    {
        RangeModel range = Range(segment);
        byte[] graph = Engine.Optimize(Backend, _weights, range) ?? range.Onnx;
        return new JoinedRange(range, ModelProto.Parser.ParseFrom(graph), segment.Exit);
    })]);

    RangeModel Range(PlanSegment segment) =>
        Package.BuildRange(segment.FirstUnit, segment.LastUnit, segment.Exit == 0 ? null : segment.Exit, segment.EmitsBoundary);

    /// <summary>Releases the sessions; lanes still alive keep what they use.</summary>
    public void Dispose()
    {
        Release();
        if (_ownsPackage) Package.Dispose();
    }

    void Release()
    {
        _fused.Dispose();
        foreach (var engine in _pieces) engine?.Dispose();
        foreach (var engine in _heads) engine?.Dispose();
        _weights.Dispose();
        Backend.Dispose();
    }
}
