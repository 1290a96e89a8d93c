using EdgeML.Native.Codecs;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Server;
using EdgeML.Native.Policies;

namespace EdgeML.Benchmarks.Offload;

/// <summary>A tail without a model: one unit that takes the payload and answers at once.</summary>
sealed class EchoExecutor(int payloadBytes, int classes) : ITailExecutor
{
    public ModelManifest Manifest { get; } = new()
    {
        Name = "echo",
        Hash = "sha256:echo",
        Input = new InputInfo([payloadBytes / sizeof(float)], "float32", 1),
        Classes = classes,
        Units = [new UnitInfo(1, "echo", 0, classes * sizeof(float), [classes])],
        Cuts = [new CutInfo(0, payloadBytes, true, "input"), new CutInfo(1, 0, true, "")],
        Exits = [new ExitInfo(1, "logits", 1, 0, 0)],
    };

    public DeviceProfile Profile { get; } = new() { Device = "echo", UnitMs = [0], HeadMs = [] };

    public ITailSlot CreateSlot() => new Slot(payloadBytes);

    sealed class Slot(int payloadBytes) : ITailSlot
    {
        readonly byte[] _input = GC.AllocateArray<byte>(payloadBytes, pinned: true);

        public Memory<byte> InputFor(in ExitPolicy policy, TensorEncoding encoding) => _input;

        public TailAnswer Run(in ExitPolicy policy, TensorEncoding encoding, Span<float> logits)
        {
            logits.Fill(_input[0]);
            return new TailAnswer(1, 0, 0f, 1f);
        }

        public void Dispose()
        {
        }
    }
}
