namespace EdgeML.Native.Offload.Client;

/// <summary>A task that was sent and whose answer a caller will wait for.</summary>
/// <param name="slot">Null where it was not sent.</param>
/// <param name="failure">The reason to report then.</param>
readonly struct PendingReply(RequestSlot? slot, TailReply failure)
{
    public RequestSlot? Slot => slot;

    public TailReply Failure => failure;

    /// <summary>Whether waiting would return at once.</summary>
    public bool IsEnded => slot is null || slot.Signal.IsSet;
}
