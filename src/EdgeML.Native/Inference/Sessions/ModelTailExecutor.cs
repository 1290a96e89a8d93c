using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Profiling;
using EdgeML.Native.Interop.Types;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Payloads;
using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Server;

namespace EdgeML.Native.Inference.Sessions;

/// <summary>Lets a tail server compute with a branched model: the same chain as on the edge, from the cut on. Any
/// thread.</summary>
public sealed class ModelTailExecutor : ITailExecutor
{
    readonly BranchedModel _model;

    /// <summary>Serves a model, which must outlive the server.</summary>
    /// <param name="model">Loaded.</param>
    /// <param name="profile">Times of this machine, told to clients; null for none.</param>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    public ModelTailExecutor(BranchedModel model, DeviceProfile? profile = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        model.ThrowIfDisposed();
        _model = model;
        profile ??= new DeviceProfile { Device = "unmeasured", UnitMs = [], HeadMs = [] };
        Profile = profile with { DecodeMs = [.. BottleneckTimes.Measure(Bottlenecks).Select(each => each.DecodeMs)] };
    }

    /// <inheritdoc/>
    public ModelManifest Manifest => _model.Manifest;

    /// <inheritdoc/>
    public DeviceProfile Profile { get; }

    /// <inheritdoc/>
    public BottleneckSet Bottlenecks => _model.Bottlenecks;

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
        return new ExecutorSlot(_model);
    }

    sealed class ExecutorSlot(BranchedModel model) : ITailSlot
    {
        readonly InferenceSlot _slot = new(model);

        public void Run(ReadOnlySpan<TailRow> rows)
        {
            foreach (TailRow row in rows) Run(row);
        }

        void Run(TailRow row)
        {
            int bytes = PayloadSize.Of(model.Manifest, model.Bottlenecks, row.Policy, row.Encoding);
            _slot.Receive(row.Policy, row.Encoding, row.Payload!.Data.Span[..bytes]);
            _slot.Run(row.Policy.Cut, model.Manifest.LocalCut, row.Policy.Thresholds);
            _slot.CopyLogits(row.Logits);
            ref readonly var result = ref _slot.Result;
            row.Answer = new TailAnswer((int)result.ExitIndex, result.Label, result.Entropy, result.Confidence);
            row.InvalidLogits = (result.Flags & RunResultNative.InvalidLogits) != 0;
        }

        public void Dispose() => _slot.Dispose();
    }
}
