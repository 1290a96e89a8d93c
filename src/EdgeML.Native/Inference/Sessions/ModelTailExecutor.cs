using EdgeML.Native.Codecs;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Profiling;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Payloads;
using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Server;
using EdgeML.Native.Policies;

namespace EdgeML.Native.Inference.Sessions;

/// <summary>Lets a <see cref="TailServer"/> compute with a branched model: the same chain as on the edge, from the cut on. Any
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
    public ITailSlot CreateSlot()
    {
        _model.ThrowIfDisposed();
        return new ExecutorSlot(_model);
    }

    sealed class ExecutorSlot(BranchedModel model) : ITailSlot
    {
        readonly InferenceSlot _slot = new(model);

        public Memory<byte> InputFor(in ExitPolicy policy, TensorEncoding encoding)
        {
            var workspace = _slot.Workspace;
            int cut = policy.Cut;
            var buffer = encoding switch
            {
                TensorEncoding.Float32 => workspace.Boundary(cut),
                TensorEncoding.Float16 or TensorEncoding.Int8 or TensorEncoding.Bottleneck or TensorEncoding.Quantised
                    => workspace.Packed,
                _ => workspace.Source,
            };
            return buffer.DataMemory[..PayloadSize.Of(model.Manifest, model.Bottlenecks, policy, encoding)];
        }

        public TailAnswer Run(in ExitPolicy policy, TensorEncoding encoding, Span<float> logits)
        {
            int cut = policy.Cut;
            _slot.Receive(policy, encoding);
            _slot.Run(cut, model.Manifest.LocalCut, policy.Thresholds);
            _slot.CopyLogits(logits);
            ref readonly var result = ref _slot.Result;
            return new TailAnswer((int)result.ExitIndex, result.Label, result.Entropy, result.Confidence);
        }

        public void Dispose() => _slot.Dispose();
    }
}
