using EdgeML.Native.Control.Costs;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Offload.Client;
using EdgeML.Native.Telemetry;

namespace EdgeML.Native.Inference.Sessions;

/// <summary>Control's view of the tail client; passes the tail's own times on to the cost model whenever a handshake brings
/// them, or the next task goes to another tail.</summary>
sealed class SessionLink(ITail tail) : ILinkSource
{
    DeviceProfile? _known;

    /// <summary>The model to update; null for none.</summary>
    public CostModel? Costs { get; set; }

    public LinkSnapshot Snapshot()
    {
        LinkSnapshot link = tail.Snapshot(out DeviceProfile? reported, out bool readsBottlenecks);
        if (Costs is { } costs && reported is { } profile && !ReferenceEquals(profile, _known))
        {
            _known = profile;
            costs.UsesBottlenecks = readsBottlenecks;
            if (Fits(profile, costs.Manifest)) costs.UseTail(profile);
        }
        return link;
    }

    // A tail may have measured nothing, and its numbers are no reason to fail a task.
    static bool Fits(DeviceProfile profile, ModelManifest manifest) =>
        profile.UnitMs.Count == manifest.Units.Count && profile.HeadMs.Count == manifest.SideExits
        && profile.UnitMs.Concat(profile.HeadMs).All(ms => ms is >= 0 and < 1e9);
}
