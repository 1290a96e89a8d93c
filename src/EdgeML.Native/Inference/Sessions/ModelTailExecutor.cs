using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Profiling;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Offload.Server;
using EdgeML.Native.Policies;

namespace EdgeML.Native.Inference.Sessions;

/// <summary>Lets a tail server compute with a branched model: the same chain as on the edge, from the cut on, for several requests
/// together where that pays on this machine. Any thread.</summary>
/// <remarks>Whether it pays, and with how many, is measured on a background thread: for cut 0 from the start, for other cuts when they are
/// first asked for. Networks whose rows are not answered together as they are alone stay at one row; <see
/// cref="BranchedModel.BackendNotes"/> says so.</remarks>
public sealed class ModelTailExecutor : ITailExecutor
{
    readonly BranchedModel _model;
    readonly BatchPlans? _batches;

    /// <summary>Serves a model, which must outlive the server.</summary>
    /// <param name="model">Loaded.</param>
    /// <param name="profile">Times of this machine, sent to clients; null for none.</param>
    /// <param name="maxBatch">Most requests that are computed together, 1..64; 1 computes each for itself. Backends other than ONNX Runtime
    /// on the processor take one.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxBatch"/> is outside its range.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    public ModelTailExecutor(BranchedModel model, DeviceProfile? profile = null, int maxBatch = 1)
    {
        ArgumentNullException.ThrowIfNull(model);
        model.ThrowIfDisposed();
        OptionRule.Within(maxBatch, 1, BatchPlans.MostRows, nameof(maxBatch));
        _model = model;
        profile ??= new DeviceProfile { Device = "unmeasured", UnitMs = [], HeadMs = [] };
        Profile = profile with { DecodeMs = [.. BottleneckTimes.Measure(Bottlenecks).Select(each => each.DecodeMs)] };
        if (maxBatch == 1 || model.Backend.Kind != BackendKind.OnnxRuntime) return;
        _batches = model.FindBatches(maxBatch);
        foreach (uint tried in (ReadOnlySpan<uint>)[0, (1u << Manifest.SideExits) - 1]) _batches.Find(new PlanKey(0, Manifest.LocalCut, tried));
    }

    /// <inheritdoc/>
    public ModelManifest Manifest => _model.Manifest;

    /// <inheritdoc/>
    public DeviceProfile Profile { get; }

    /// <inheritdoc/>
    public BottleneckSet Bottlenecks => _model.Bottlenecks;

    /// <inheritdoc/>
    public int MaxBatch => _batches?.Rows ?? 1;

    /// <inheritdoc/>
    public int BatchFor(in ExitPolicy policy) => PlanOf(policy)?.Most ?? 1;

    /// <inheritdoc/>
    public double ExpectedMs(in ExitPolicy policy, int rows) => PlanOf(policy)?.Milliseconds(rows) ?? 0;

    /// <summary>Blocks until it is known how to batch everything that was asked for so far.</summary>
    /// <param name="timeout">Longest wait.</param>
    /// <returns>Whether it is known.</returns>
    public bool WaitForBatches(TimeSpan timeout) => _batches?.WaitIdle(timeout) ?? true;

    /// <inheritdoc/>
    public ITailPayload CreatePayload(int bytes)
    {
        _model.ThrowIfDisposed();
        return new PinnedBuffer(_model.Backend, bytes);
    }

    /// <inheritdoc/>
    public ITailSlot CreateSlot()
    {
        _model.ThrowIfDisposed();
        return new ModelTailSlot(_model, _batches);
    }

    BatchPlan? PlanOf(in ExitPolicy policy) =>
        _batches?.Find(PlanKey.For(Manifest, policy.Cut, Manifest.LocalCut, policy.Thresholds));
}
