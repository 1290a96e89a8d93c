using System.Runtime.InteropServices;
using EdgeML.Native.Interop;
using EdgeML.Native.Models;
using EdgeML.Native.Models.Onnx;

namespace EdgeML.Native.Inference;

/// <summary>A package made ready to run: shared weights, one session per unit and head, and fused ranges that arrive in the
/// background. Edge sessions and tails of one process share it. Any thread.</summary>
public sealed class BranchedModel : IDisposable
{
    readonly WeightsHandle _weights;
    readonly Engine[] _units;
    readonly Engine[] _heads;
    readonly FusedRanges _fused;
    readonly bool _ownsPackage;

    BranchedModel(ModelPackage package, BackendOptions options, bool ownsPackage)
    {
        Package = package;
        _ownsPackage = ownsPackage;
        Backend = new Backend(options);
        _weights = package.CreateSharedWeights(Backend.Handle);
        _units = new Engine[Manifest.Units.Count];
        _heads = new Engine[Manifest.SideExits];
        for (int i = 0; i < _units.Length; i++)
            _units[i] = new Engine(Backend, _weights, package.BuildRange(i + 1, i + 1, exitHead: null, emitBoundary: i + 1 < _units.Length));
        for (int i = 0; i < _heads.Length; i++) _heads[i] = new Engine(Backend, _weights, package.BuildHead(i + 1));
        _fused = new FusedRanges(this, options);
    }

    /// <summary>What the package says of the network.</summary>
    public ModelManifest Manifest => Package.Manifest;

    /// <summary>The package.</summary>
    public ModelPackage Package { get; }

    /// <summary>Version of the inference library in use.</summary>
    public string BackendVersion => $"{Backend.Name} {Backend.LibraryVersion}";

    internal Backend Backend { get; }

    internal FusedRanges Fused => _fused;

    /// <summary>Loads a package folder. Takes from tens of milliseconds to a second: one session per unit and head.</summary>
    /// <param name="directory">Made by <c>edgeml prepare</c>.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <exception cref="InvalidDataException">The package is malformed.</exception>
    /// <exception cref="NativeException">The inference library is missing or refuses a piece.</exception>
    public static BranchedModel Load(string directory, BackendOptions? options = null)
    {
        var package = ModelPackage.Open(directory);
        try
        {
            return new BranchedModel(package, options ?? new BackendOptions(), ownsPackage: true);
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
    public static BranchedModel Load(ModelPackage package, BackendOptions? options = null) => new(package, options ?? new BackendOptions(), ownsPackage: false);

    /// <summary>Blocks until every range that runs have asked for so far is fused, or the budget is used up.</summary>
    /// <param name="timeout">Longest wait.</param>
    /// <returns>Whether the background work is done.</returns>
    public bool WaitForFusion(TimeSpan timeout) => _fused.WaitIdle(timeout);

    internal Engine Unit(int index) => _units[index - 1];

    internal Engine Head(int exit) => _heads[exit - 1];

    /// <summary>One session for a whole plan: a single range, or ranges joined by gates.</summary>
    /// <exception cref="InvalidDataException">The ranges cannot be joined.</exception>
    /// <exception cref="NativeException">The inference library refuses the model.</exception>
    /// <exception cref="IOException">No room for a temporary file.</exception>
    internal Engine BuildFused(PlanKey key)
    {
        var segments = key.Segments(Manifest);
        return segments.Length == 1
            ? new Engine(Backend, _weights, Range(segments[0]))
            : new Engine(Backend, _weights, Joined(segments), NativeOptimization.Extended);
    }

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
        _fused.Dispose();
        foreach (var engine in _units) engine.Dispose();
        foreach (var engine in _heads) engine.Dispose();
        _weights.Dispose();
        Backend.Dispose();
        if (_ownsPackage) Package.Dispose();
    }
}
