namespace EdgeML.Server.Status;

/// <summary>A model of a server at one moment. Counts are since the server loaded it.</summary>
public sealed record ModelStatus
{
    /// <summary>Name for people.</summary>
    public required string Name { get; init; }

    /// <summary>The first digits of its hash: the value of the label "version" in metrics.</summary>
    public required string Version { get; init; }

    /// <summary>Answers by exit; exit 1 is the first element.</summary>
    public required IReadOnlyList<long> Answers { get; init; }

    /// <summary>Requests that were not answered, by reason; reasons without any are left out.</summary>
    public required IReadOnlyDictionary<string, long> Refused { get; init; }

    /// <summary>Payload bytes of its requests.</summary>
    public required long BytesReceived { get; init; }

    /// <summary>Bytes of its answers.</summary>
    public required long BytesSent { get; init; }
}
