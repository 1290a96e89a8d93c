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

    /// <summary>Connected, but the tail has asked its clients to leave, for instance before it stops: tasks on the way are finished and no
    /// others are sent. The client then connects again at once.</summary>
    Leaving,
}
