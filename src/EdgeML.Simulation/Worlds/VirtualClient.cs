using EdgeML.Native.Offload.Client;
using EdgeML.Native.Telemetry;

namespace EdgeML.Simulation.Worlds;

/// <summary>The tail client of a virtual run: knows only the measurements of finished transfers and probes.</summary>
sealed class VirtualClient(VirtualWorld world) : ILinkSource
{
    /// <summary>Seconds after its deadline at which a request that is still on the way makes the client reconnect, as
    /// <see cref="TailClientOptions.StallLimit"/>.</summary>
    public const double StallSeconds = 3;

    LinkSnapshot _known = LinkSnapshot.None with { TailFactor = 1 };
    LinkSnapshot _late;
    double _lateUntil = double.PositiveInfinity;
    double _measuredAt = double.NegativeInfinity;

    public double Now { get; set; }

    public int Task { get; set; }

    public bool Up
    {
        get
        {
            TakeLate();
            return _known.Up;
        }
    }

    public LinkSnapshot Snapshot()
    {
        TakeLate();
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

    /// <summary>A request did not come back in time. Nothing is sent after it until its answer is there, which is measured and
    /// dropped.</summary>
    /// <param name="until">When the answer comes, or the client gives the connection up.</param>
    /// <param name="rate">Of the whole transfer; 0 when it was given up.</param>
    /// <param name="link">Then.</param>
    public void Late(double until, double rate, in VirtualLink link)
    {
        _known.Up = false;
        _lateUntil = until;
        _late = _known with
        {
            Up = rate > 0,
            RateBitsPerSecond = rate > 0 ? rate : _known.RateBitsPerSecond,
            RttMs = link.RttMs,
            TailFactor = link.TailFactor,
            TailQueueMs = link.TailQueueMs,
        };
    }

    /// <summary>Between tasks: probes a link that was not used for a while, and one that is down.</summary>
    public void Idle()
    {
        TakeLate();
        if (double.IsFinite(_lateUntil) || Now - _measuredAt < world.ProbeSeconds) return;
        VirtualLink link = world.Link(Now, Task);
        if (link.RateBitsPerSecond > 0) Finished(link.RateBitsPerSecond, link);
        else _known.Up = false;
    }

    void TakeLate()
    {
        if (Now < _lateUntil) return;
        _known = _late;
        if (_late.Up) _measuredAt = _lateUntil;
        _lateUntil = double.PositiveInfinity;
    }
}
