namespace EdgeML.Native.Offload;

/// <summary>Where the connection to a tail stands.</summary>
public enum TailState : byte
{
    /// <summary>No tail was asked for.</summary>
    None,

    /// <summary>The first attempt to connect has not ended yet.</summary>
    Connecting,

    /// <summary>Connected; tasks are sent.</summary>
    Up,

    /// <summary>Connected, but an earlier task or probe is overdue; tasks are not sent until its answer comes.</summary>
    Stalled,

    /// <summary>Not connected; the client tries again and again.</summary>
    Down,
}
