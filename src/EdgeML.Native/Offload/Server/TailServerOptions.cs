using System.Net;
using Microsoft.Extensions.Logging;

namespace EdgeML.Native.Offload.Server;

/// <summary>How a tail listens and how much it takes on.</summary>
public sealed record TailServerOptions
{
    /// <summary>Where to listen; port 0 takes one from the operating system.</summary>
    public IPEndPoint EndPoint { get; init; } = new(IPAddress.Loopback, 0);

    /// <summary>What is accepted from clients.</summary>
    public ProtocolLimits Limits { get; init; } = new();

    /// <summary>Requests computed at the same time; others wait in order of arrival.</summary>
    public int ComputeThreads { get; init; } = 1;

    /// <summary>Requests being received, waiting or computed at the same time, over all connections; one more is answered "busy".</summary>
    public int MaxSlots { get; init; } = 32;

    /// <summary>How long a shutdown waits for requests that are on the tail already.</summary>
    public TimeSpan DrainLimit { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Asked after every run: by which factor computing is stretched, to emulate a loaded machine. 1 and less is the machine as it
    /// is.</summary>
    public Func<double>? LoadFactor { get; init; }

    /// <summary>Told of connections and refusals; null if not needed.</summary>
    public ILogger? Logger { get; init; }

    /// <exception cref="ArgumentException">An option with a value that it cannot have.</exception>
    internal void Check()
    {
        ArgumentNullException.ThrowIfNull(EndPoint, nameof(EndPoint));
        ArgumentNullException.ThrowIfNull(Limits, nameof(Limits));
        Limits.Check();
        OptionRule.Within(ComputeThreads, 1, OptionRule.MostThreads, nameof(ComputeThreads));
        OptionRule.Within(MaxSlots, 1, 1 << 16, nameof(MaxSlots));
        OptionRule.Wait(DrainLimit, nameof(DrainLimit));
    }
}
