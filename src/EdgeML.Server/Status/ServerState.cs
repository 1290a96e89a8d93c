namespace EdgeML.Server.Status;

/// <summary>A server's phase.</summary>
public enum ServerState
{
    /// <summary>Clients are served.</summary>
    Serving,

    /// <summary>New clients are refused, those connected are asked to leave; their requests are still answered.</summary>
    Draining,

    /// <summary>The server is disposed.</summary>
    Stopped,
}
