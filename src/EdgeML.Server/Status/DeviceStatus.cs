using System.Net;

namespace EdgeML.Server.Status;

/// <summary>A connected client at one moment.</summary>
public sealed record DeviceStatus
{
    /// <summary>Number of the connection; no other of this server has it.</summary>
    public required long Connection { get; init; }

    /// <summary>The other end; null where that is not known.</summary>
    public required EndPoint? Remote { get; init; }

    /// <summary>The name in its certificate, chosen by its authority; null without one.</summary>
    public required string? Identity { get; init; }

    /// <summary>Name of its model; null before it has said hello.</summary>
    public required string? Model { get; init; }

    /// <summary>The first digits of the model's hash; null before it has said hello.</summary>
    public required string? Version { get; init; }

    /// <summary>When it connected.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>Requests that were received and answered, errors included.</summary>
    public required long Requests { get; init; }

    /// <summary>Requests that were refused for another reason than being late.</summary>
    public required long Refused { get; init; }

    /// <summary>Requests received and not answered yet.</summary>
    public required int InFlight { get; init; }
}
