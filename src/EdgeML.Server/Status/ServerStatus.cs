using System.Net;

namespace EdgeML.Server.Status;

/// <summary>A server at one moment.</summary>
public sealed record ServerStatus
{
    /// <summary>Its phase.</summary>
    public required ServerState State { get; init; }

    /// <summary>Where it listens.</summary>
    public required IPEndPoint EndPoint { get; init; }

    /// <summary>Whether clients connect by TLS.</summary>
    public required bool IsEncrypted { get; init; }

    /// <summary>When it began to listen.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>The models it serves.</summary>
    public required IReadOnlyList<ModelStatus> Models { get; init; }

    /// <summary>Clients connected now, in no order.</summary>
    public required IReadOnlyList<DeviceStatus> Devices { get; init; }

    /// <summary>Connections refused so far, by reason; reasons without any are left out.</summary>
    public required IReadOnlyDictionary<string, long> RefusedConnections { get; init; }

    /// <summary>Requests being received, waiting or computed.</summary>
    public required int InFlight { get; init; }

    /// <summary>Of these, requests that wait for a compute thread.</summary>
    public required int Waiting { get; init; }

    /// <summary>Threads that compute.</summary>
    public required int ComputeThreads { get; init; }

    /// <summary>Share of the compute threads that was busy in the last quarter of a second or more, 0..1; 0 where nothing was computed for a
    /// second.</summary>
    public required double BusyShare { get; init; }

    /// <summary>How much longer than its profile says the server computes now; 1 when it is idle.</summary>
    public required double Slowdown { get; init; }

    /// <summary>Bytes held for payloads.</summary>
    public required long PayloadMemory { get; init; }

    /// <summary>Bytes that may be held for payloads.</summary>
    public required long MaxPayloadMemory { get; init; }
}
