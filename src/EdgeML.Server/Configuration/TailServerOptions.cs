using System.Net;
using EdgeML.Native;
using EdgeML.Native.Offload;
using Microsoft.Extensions.Logging;

namespace EdgeML.Server.Configuration;

/// <summary>How a tail listens and how much it takes on.</summary>
public sealed record TailServerOptions
{
    /// <summary>Where to listen; port 0 takes one from the operating system.</summary>
    public IPEndPoint EndPoint { get; init; } = new(IPAddress.Loopback, 0);

    /// <summary>Certificates for TLS 1.3; null for plain TCP.</summary>
    public TlsOptions? Tls { get; init; }

    /// <summary>Rights of identities, by name; "*" is every other one. An identity comes from a client's certificate. Null: every client
    /// may use everything.</summary>
    public IReadOnlyDictionary<string, IdentityRule>? Identities { get; init; }

    /// <summary>Limits on clients' frames.</summary>
    public ProtocolLimits Limits { get; init; } = new();

    /// <summary>Runs computed at the same time; other requests wait, fairly between devices.</summary>
    public int ComputeThreads { get; init; } = 1;

    /// <summary>Threads that may block for clients that wait for each answer, one client each; others are served asynchronously. 0 for
    /// none.</summary>
    public int BlockingThreads { get; init; } = Math.Clamp(Environment.ProcessorCount, 1, 8);

    /// <summary>Requests being received, waiting or computed at the same time, over all connections; one more is answered "busy".</summary>
    public int MaxRequests { get; init; } = 1024;

    /// <summary>Bytes of pinned memory that payloads may take, over all connections and models.</summary>
    public long MaxPayloadMemory { get; init; } = 256 << 20;

    /// <summary>Whether every model computes once before the server accepts clients.</summary>
    public bool WarmUp { get; init; }

    /// <summary>How long a shutdown, or the end of a model's service, waits for clients to leave and for their requests.</summary>
    public TimeSpan DrainLimit { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Asked after every run: by which factor computing is stretched, to emulate a loaded machine. 1 and less is the machine as it
    /// is.</summary>
    public Func<double>? LoadFactor { get; init; }

    /// <summary>Called for connections and refusals; null if not needed.</summary>
    public ILogger? Logger { get; init; }

    /// <summary>File descriptors that other parts of the process may take later, a status page for example.</summary>
    internal int ReservedDescriptors { get; init; }

    /// <exception cref="ArgumentException">An option with a value that it cannot have.</exception>
    internal void Check()
    {
        ArgumentNullException.ThrowIfNull(EndPoint, nameof(EndPoint));
        ArgumentNullException.ThrowIfNull(Limits, nameof(Limits));
        Limits.Check();
        foreach (IdentityRule rule in Identities?.Values ?? []) rule.Check();
        OptionRule.Within(ComputeThreads, 1, OptionRule.MostThreads, nameof(ComputeThreads));
        OptionRule.Within(BlockingThreads, 0, OptionRule.MostThreads, nameof(BlockingThreads));
        OptionRule.Within(MaxRequests, 1, 1 << 16, nameof(MaxRequests));
        OptionRule.Within(MaxPayloadMemory, 1, long.MaxValue, nameof(MaxPayloadMemory));
        OptionRule.Wait(DrainLimit, nameof(DrainLimit));
    }
}
