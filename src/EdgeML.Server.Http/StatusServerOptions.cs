using System.Net;
using Microsoft.Extensions.Logging;

namespace EdgeML.Server.Http;

/// <summary>Where a status server listens.</summary>
public sealed record StatusServerOptions
{
    /// <summary>Connections at the same time; further ones are closed at once. Each takes a file descriptor.</summary>
    public const int MaxConnections = 16;

    /// <summary>Port 0 takes one from the operating system. The pages are not encrypted and ask for no password, so anything but a loopback
    /// address should be reachable from a trusted network only.</summary>
    public IPEndPoint EndPoint { get; init; } = new(IPAddress.Loopback, 0);

    /// <summary>Called for a page that failed; null if not needed.</summary>
    public ILogger? Logger { get; init; }
}
