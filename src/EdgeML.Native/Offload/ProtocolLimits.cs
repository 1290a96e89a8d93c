namespace EdgeML.Native.Offload;

/// <summary>Limits on frames of the other side; every length is compared with these before it is used for anything.</summary>
public sealed record ProtocolLimits
{
    /// <summary>Largest payload of a frame, bytes.</summary>
    public int MaxPayloadBytes { get; init; } = 64 << 20;

    /// <summary>Largest header of a frame, bytes; at most 65,535.</summary>
    public int MaxHeaderBytes { get; init; } = 8192;

    /// <summary>Milliseconds that a payload may take, whatever the deadline of its request.</summary>
    internal const double LeastPayloadMs = 1000;

    /// <summary>Connections a tail serves at the same time; one more is refused.</summary>
    public int MaxConnections { get; init; } = 1 << 14;

    /// <summary>Requests one connection may have unanswered; one more ends it. At most 256.</summary>
    public int MaxInFlight { get; init; } = 16;

    /// <summary>How long a connection may send nothing.</summary>
    public TimeSpan IdleDeadline { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>From the first byte of a frame until its header is complete.</summary>
    public TimeSpan HeaderDeadline { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>From a complete header until its payload is complete; the deadline of the request counts where it is shorter, but a second
    /// always is left.</summary>
    public TimeSpan PayloadDeadline { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>From the connection until both sides have sent hello.</summary>
    public TimeSpan HandshakeDeadline { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long the peer may refuse to take bytes before it counts as gone.</summary>
    public TimeSpan SendDeadline { get; init; } = TimeSpan.FromSeconds(2);

    /// <exception cref="ArgumentException">A limit with a value that it cannot have.</exception>
    internal void Check()
    {
        OptionRule.Within(MaxPayloadBytes, 1, int.MaxValue, nameof(MaxPayloadBytes));
        OptionRule.Within(MaxHeaderBytes, 64, ushort.MaxValue, nameof(MaxHeaderBytes));
        OptionRule.Within(MaxConnections, 1, int.MaxValue, nameof(MaxConnections));
        OptionRule.Within(MaxInFlight, 1, 256, nameof(MaxInFlight));
        OptionRule.Wait(IdleDeadline, nameof(IdleDeadline), positive: true);
        OptionRule.Wait(HeaderDeadline, nameof(HeaderDeadline), positive: true);
        OptionRule.Wait(PayloadDeadline, nameof(PayloadDeadline), positive: true);
        OptionRule.Wait(HandshakeDeadline, nameof(HandshakeDeadline), positive: true);
        OptionRule.Wait(SendDeadline, nameof(SendDeadline), positive: true);
    }
}
