using EdgeML.Native.Codecs;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Payloads;
using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Server;
using EdgeML.Native.Offload.Wire;
using EdgeML.Native.Policies;

namespace EdgeML.Native.Tests.Offload.Client;

/// <summary>A model that is a checksum: what it answers can be told from the payload, so a changed or mixed-up answer shows.</summary>
sealed class FakeTail : ITailExecutor
{
    public const int Classes = 4;
    const int Elements = 64;

    /// <summary>Called on the compute thread with the payload's first byte before the answer is made.</summary>
    public Action<byte>? Running { get; set; }

    public int Slots { get; private set; }

    public int Disposed { get; private set; }

    public ModelManifest Manifest { get; init; } = Model("sha256:fake");

    public BottleneckSet Bottlenecks { get; init; } = BottleneckSet.None;

    public DeviceProfile Profile { get; init; } = new() { Device = "fake", UnitMs = [1, 2, 3], HeadMs = [0.5] };

    public static ModelManifest Model(string hash) => new()
    {
        Name = "fake",
        Hash = hash,
        Input = new InputInfo([Elements], "float32", 1 / 255.0),
        Classes = Classes,
        Units = [Unit(1, 128), Unit(2, 65536), Unit(3, Classes * sizeof(float))],
        Cuts = [new(0, Elements, true, "input"), new(1, 128, true, "u1"), new(2, 65536, true, "u2"), new(3, 0, true, "")],
        Exits = [new ExitInfo(1, "exit1", 1, 0, 1), new ExitInfo(2, "logits", 3, 0, 0)],
    };

    static UnitInfo Unit(int index, int bytes) => new(index, $"u{index}", 100, bytes, [bytes / sizeof(float)]);

    public ITailSlot CreateSlot()
    {
        lock (this) Slots++;
        return new Slot(this);
    }

    /// <summary>Most requests that are computed together.</summary>
    public int MaxBatch { get; init; } = 1;

    public int BatchFor(in ExitPolicy policy) => MaxBatch;

    public ITailPayload CreatePayload(int bytes) => new Payload(bytes);

    /// <summary>The one right answer to a payload.</summary>
    public static TailAnswer Expected(ReadOnlySpan<byte> payload, int cut, Span<float> logits, int exit = 2)
    {
        uint sum = Crc32C.Finish(Crc32C.Append(Crc32C.Start, payload)) + (uint)cut;
        for (int i = 0; i < logits.Length; i++) logits[i] = (sum >> i) & 0xffff;
        int largest = 0;
        for (int i = 1; i < logits.Length; i++) largest = logits[i] > logits[largest] ? i : largest;
        return new TailAnswer(exit, largest, 0.25f, 0.5f);
    }

    sealed class Slot(FakeTail tail) : ITailSlot
    {
        public void Run(ReadOnlySpan<TailRow> rows)
        {
            foreach (TailRow row in rows)
            {
                ReadOnlySpan<byte> payload = row.Payload!.Data.Span[..PayloadSize.Of(tail.Manifest, tail.Bottlenecks, row.Policy, row.Encoding)];
                tail.Running?.Invoke(payload[0]);
                row.Answer = Expected(payload, row.Policy.Cut, row.Logits, tail.Manifest.Exits.Count);
            }
        }

        public void Dispose()
        {
            lock (tail) tail.Disposed++;
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
