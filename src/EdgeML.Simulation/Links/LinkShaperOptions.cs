using System.Net;

namespace EdgeML.Simulation.Links;

/// <summary>The link that a <see cref="LinkShaper"/> imitates, and its ends.</summary>
public sealed record LinkShaperOptions
{
    /// <summary>The tail.</summary>
    public required IPEndPoint Target { get; init; }

    /// <summary>The course of the link.</summary>
    public required LinkTrace Trace { get; init; }

    /// <summary>Round-trip time where the trace does not give it, milliseconds.</summary>
    public double RttMs { get; init; }

    /// <summary>Where to listen; port 0 takes one from the operating system.</summary>
    public IPEndPoint EndPoint { get; init; } = new(IPAddress.Loopback, 0);
}
