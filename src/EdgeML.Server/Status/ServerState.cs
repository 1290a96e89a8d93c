namespace EdgeML.Server.Status;

/// <summary>A server's phase.</summary>
public enum ServerState
{
    /// <summary>Clients are served.</summary>
    Serving,

    /// <summary>New clients and requests are refused; requests that are on the server are still answered.</summary>
    Draining,

    /// <summary>The server is disposed.</summary>
    Stopped,
}
