namespace EdgeML.Native.Telemetry;

/// <summary>Where the control loop looks at the link; the tail client, or a simulated one.</summary>
public interface ILinkSource
{
    /// <summary>The current state. Called after every task on the session's thread: must not block, throw or allocate.</summary>
    LinkSnapshot Snapshot();
}
