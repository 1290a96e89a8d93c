using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Policies;

namespace EdgeML.Native.Offload.Server;

/// <summary>The model as the tail server sees it: identity, speed on this machine, memory for payloads, and slots to compute on. Any
/// thread.</summary>
public interface ITailExecutor
{
    /// <summary>The model; a client with another hash is refused.</summary>
    ModelManifest Manifest { get; }

    /// <summary>Measured unit and head times of this machine, sent to clients; the lists may be empty when nothing was measured.</summary>
    DeviceProfile Profile { get; }

    /// <summary>The bottlenecks of the model's package; a client that holds others is not offered them.</summary>
    BottleneckSet Bottlenecks => BottleneckSet.None;

    /// <summary>Most rows that <see cref="ITailSlot.Run"/> takes.</summary>
    int MaxBatch => 1;

    /// <summary>Most rows that it pays to run together: 1..<see cref="MaxBatch"/>; 1 where each for itself is as fast.</summary>
    /// <param name="policy">Of the rows, as far as <see cref="TailBatchKey"/> tells them apart.</param>
    int BatchFor(in ExitPolicy policy) => 1;

    /// <summary>How long a run of so many rows takes on this machine, milliseconds, if no exit on the way is taken; 0 when it is not
    /// known.</summary>
    /// <param name="policy">Of the rows, as far as <see cref="TailBatchKey"/> tells them apart.</param>
    /// <param name="rows">1..<see cref="MaxBatch"/>.</param>
    double ExpectedMs(in ExitPolicy policy, int rows) => 0;

    /// <summary>Memory for a payload, to be received into; it outlives the slots that read it.</summary>
    /// <param name="bytes">At least 1.</param>
    ITailPayload CreatePayload(int bytes);

    /// <summary>Makes a slot: the state of one run. Called rarely; slots are reused.</summary>
    ITailSlot CreateSlot();
}
