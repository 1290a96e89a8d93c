using EdgeML.Native.Models.Manifest;

namespace EdgeML.Native.Offload.Server;

/// <summary>The model as the tail server sees it: what it is, how fast this machine is, and slots to compute on. Any thread.</summary>
public interface ITailExecutor
{
    /// <summary>The model; a client with another hash is refused.</summary>
    ModelManifest Manifest { get; }

    /// <summary>Measured unit and head times of this machine, sent to clients; the lists may be empty when nothing was measured.</summary>
    DeviceProfile Profile { get; }

    /// <summary>The bottlenecks of the model's package; a client that holds others is not offered them.</summary>
    BottleneckSet Bottlenecks => BottleneckSet.None;

    /// <summary>Makes a slot: the state and the buffers of one run. Called rarely; slots are reused.</summary>
    ITailSlot CreateSlot();
}
