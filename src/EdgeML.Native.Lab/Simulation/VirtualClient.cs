using EdgeML.Native.Control;
using EdgeML.Native.Offload;

namespace EdgeML.Native.Lab.Simulation;

/// <summary>The tail client of a virtual run: knows only what finished transfers and probes measured.</summary>
sealed class VirtualClient(VirtualWorld world) : ILinkSource
{
    LinkSnapshot _known = LinkSnapshot.None with { TailFactor = 1 };
    double _measuredAt = double.NegativeInfinity;

    public double Now { get; set; }

    public int Task { get; set; }

    public bool Up => _known.Up;

    public LinkSnapshot Snapshot()
    {
        LinkSnapshot snapshot = _known;
        snapshot.AgeSeconds = Now - _measuredAt;
        return snapshot;
    }

    /// <summary>A transfer was acknowledged.</summary>
    public void Finished(double rate, in VirtualLink link)
    {
        _known = new LinkSnapshot
        {
            Up = true,
            RateBitsPerSecond = rate,
            RttMs = link.RttMs,
            TailFactor = link.TailFactor,
            TailQueueMs = link.TailQueueMs,
        };
        _measuredAt = Now;
    }

    /// <summary>A request did not come back in time; nothing moving at all means the link is down.</summary>
    public void Failed(bool stalled)
    {
        if (stalled) _known.Up = false;
    }

    /// <summary>Between tasks: probes a link that was not used for a while, and one that is down.</summary>
    public void Idle()
    {
        if (Now - _measuredAt < world.ProbeSeconds) return;
        VirtualLink link = world.Link(Now, Task);
        if (link.RateBitsPerSecond > 0) Finished(link.RateBitsPerSecond, link);
        else _known.Up = false;
    }
}
