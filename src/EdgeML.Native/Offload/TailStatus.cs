using EdgeML.Native.Telemetry;

namespace EdgeML.Native.Offload;

/// <summary>Where the connection to a tail stands, and why the last attempt or connection ended.</summary>
/// <param name="State">Now.</param>
/// <param name="Reason">Why the last attempt to connect failed or the last connection ended; it stays after a later connection
/// stands. <see cref="FallbackReason.None"/> before the first end.</param>
/// <param name="Fault">The same as one line for people; null before the first end.</param>
public readonly record struct TailStatus(TailState State, FallbackReason Reason, string? Fault)
{
    /// <summary>No tail at all.</summary>
    public static TailStatus None => default;

    /// <summary>The state, and the fault where there is one.</summary>
    public override string ToString() => State switch
    {
        TailState.None => "no tail",
        TailState.Connecting => "connecting",
        TailState.Up => "up",
        TailState.Stalled => "stalled",
        TailState.Leaving => "leaving",
        _ => Fault is null ? "down" : $"down: {Fault}",
    };
}
