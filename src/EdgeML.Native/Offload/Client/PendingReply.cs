namespace EdgeML.Native.Offload.Client;

/// <summary>A task that was sent and whose answer a caller will wait for.</summary>
/// <param name="task">Null where it was not sent.</param>
/// <param name="failure">The reason to report then.</param>
readonly struct PendingReply(IPendingTask? task, TailReply failure)
{
    public IPendingTask? Task => task;

    /// <summary>The one request of a task that goes to one tail.</summary>
    public RequestSlot? Slot => task as RequestSlot;

    public TailReply Failure => failure;

    /// <summary>Whether waiting would return at once.</summary>
    public bool IsEnded => task is null || task.IsEnded;
}

/// <summary>A task on its way to one tail or to several.</summary>
interface IPendingTask
{
    /// <summary>Whether it has ended. On the thread of its caller.</summary>
    bool IsEnded { get; }
}
