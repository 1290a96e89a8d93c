using EdgeML.Native.Models;
using EdgeML.Native.Offload;

namespace EdgeML.Native.Inference;

/// <summary>Lets a <see cref="TailServer"/> compute with a branched model: the same chain as on the edge, from the cut on. Any thread.</summary>
public sealed class ModelTailExecutor : ITailExecutor
{
    readonly BranchedModel _model;

    /// <summary>Serves a model, which must outlive the server.</summary>
    /// <param name="model">Loaded.</param>
    /// <param name="profile">Times of this machine, told to clients; null for none.</param>
    public ModelTailExecutor(BranchedModel model, DeviceProfile? profile = null)
    {
        _model = model;
        Profile = profile ?? new DeviceProfile { Device = "unmeasured", UnitMs = [], HeadMs = [] };
    }

    /// <inheritdoc/>
    public ModelManifest Manifest => _model.Manifest;

    /// <inheritdoc/>
    public DeviceProfile Profile { get; }

    /// <inheritdoc/>
    public ITailLane CreateLane() => new TailLane(_model);

    sealed class TailLane(BranchedModel model) : ITailLane
    {
        readonly Lane _lane = new(model);

        public Memory<byte> InputFor(int cut, TensorEncoding encoding)
        {
            var workspace = _lane.Workspace;
            int elements = model.Manifest.BoundaryElements(cut);
            var buffer = encoding switch
            {
                TensorEncoding.Float32 => workspace.Boundary(cut),
                TensorEncoding.Float16 or TensorEncoding.Int8 => workspace.Packed,
                _ => workspace.Source,
            };
            return buffer.DataMemory[..TensorPayload.Bytes(encoding, elements)];
        }

        public TailAnswer Run(in ExitPolicy policy, TensorEncoding encoding, Span<float> logits)
        {
            int cut = policy.Cut;
            _lane.Receive(cut, encoding);
            _lane.Run(cut, model.Manifest.LocalCut, policy.Thresholds);
            _lane.CopyLogits(logits);
            ref var result = ref _lane.Result;
            return new TailAnswer((int)result.ExitIndex, result.Label, result.Entropy, result.Confidence);
        }

        public void Dispose() => _lane.Dispose();
    }
}
