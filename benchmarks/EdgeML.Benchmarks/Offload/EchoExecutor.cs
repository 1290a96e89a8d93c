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

    public ITailPayload CreatePayload(int bytes) => new Payload(bytes);

    public ITailSlot CreateSlot() => new Slot();

    sealed class Slot : ITailSlot
    {
        public void Run(ReadOnlySpan<TailRow> rows)
        {
            foreach (TailRow row in rows)
            {
                row.Logits.AsSpan().Fill(row.Payload!.Data.Span[0]);
                row.Answer = new TailAnswer(1, 0, 0f, 1f);
            }
        }

        public void Dispose()
        {
        }
    }

    sealed class Payload(int bytes) : ITailPayload
    {
        public Memory<byte> Data { get; } = GC.AllocateArray<byte>(bytes, pinned: true);

        public void Dispose()
        {
        }
    }
}
