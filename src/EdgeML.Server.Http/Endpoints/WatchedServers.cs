using EdgeML.Server.Status;

namespace EdgeML.Server.Http.Endpoints;

/// <summary>The servers that are shown. Any thread.</summary>
sealed class WatchedServers
{
    readonly Lock _gate = new();
    volatile TailServer[] _servers = [];

    public void Add(TailServer server)
    {
        lock (_gate) _servers = [.. _servers, server];
    }

    public ServerStatus[] Status() => [.. _servers.Select(server => server.GetStatus())];

    /// <summary>Why no client should be sent here; null where all serve.</summary>
    public string? NotReady()
    {
        TailServer[] servers = _servers;
        if (servers.Length == 0) return "models are being loaded";
        foreach (TailServer server in servers)
        {
            switch (server.State)
            {
                case ServerState.Draining: return $"{server.EndPoint} is draining";
                case ServerState.Stopped: return $"{server.EndPoint} is stopped";
                default: break;
            }
        }
        return null;
    }
}
