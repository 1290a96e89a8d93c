using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Server;

namespace EdgeML.Native.Tests.Offload.Client;

/// <summary>Computes as another one does, and tells first of how many rows, on the thread that computes them.</summary>
sealed class WatchedExecutor(ITailExecutor inner, Action<int> computing) : ITailExecutor
{
    public ModelManifest Manifest => inner.Manifest;

    public DeviceProfile Profile => inner.Profile;

    public BottleneckSet Bottlenecks => inner.Bottlenecks;

    public ITailPayload CreatePayload(int bytes) => inner.CreatePayload(bytes);

    public ITailSlot CreateSlot() => new Slot(inner.CreateSlot(), computing);

    sealed class Slot(ITailSlot slot, Action<int> computing) : ITailSlot
    {
        public void Run(ReadOnlySpan<TailRow> rows)
        {
            computing(rows.Length);
            slot.Run(rows);
        }

        public void Dispose() => slot.Dispose();
    }
}
