using System.Net;
using Microsoft.Extensions.Logging;

namespace EdgeML.Native.Offload.Client;

/// <summary>Where the tail is and how patient its client is.</summary>
public sealed record TailClientOptions
{
    /// <summary>Longest name of a host, characters.</summary>
    internal const int LongestHost = 255;

    /// <summary>Host name or address of the tail.</summary>
    public required string Host { get; init; }

    /// <summary>TCP port of the tail.</summary>
    public required int Port { get; init; }

    /// <summary>Encrypts the link; null for plain TCP.</summary>
    public TailTlsOptions? Tls { get; init; }

    /// <summary>Limits for the tail's frames, and for requests on the way.</summary>
    public ProtocolLimits Limits { get; init; } = new();

    /// <summary>Pause before the second attempt to connect; doubled with every further one, with jitter.</summary>
    public TimeSpan FirstBackoff { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>Longest pause between attempts to connect.</summary>
    public TimeSpan LongestBackoff { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>A connection that keeps a late request unanswered this long is closed, and the client reconnects.</summary>
    public TimeSpan StallLimit { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>An idle connection is pinged this often while tasks run, and ever more rarely, up to 20 s, while none does; zero for
    /// never.</summary>
    public TimeSpan PingInterval { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>The rate is probed when its last measurement is this old, because there were no tasks for the tail or only small
    /// ones; ever more rarely, up to 15 min, while no task runs at all; zero for never.</summary>
    public TimeSpan ProbeInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Largest probe; a slow link gets a smaller one, about 10 ms of its rate but 3 KB at least.</summary>
    public int ProbeBytes { get; init; } = 16 << 10;

    /// <summary>Bytes that pings and probes may take in any hour, both directions and TCP/IP headers included; null for no limit. A ping every
    /// 20 s, about 60 KB an hour, is still sent while <see cref="PingInterval"/> is not zero: it keeps the connection.</summary>
    public long? ProbeBudget { get; init; }

    /// <summary>An unanswered ping or probe marks the link down after this time or 4 round trips, whichever is longer.</summary>
    public TimeSpan ProbeTimeout { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Whether an awaiting caller continues directly on the receiving thread: quicker by a hop through the thread pool, for callers
    /// that only take the result and return. A caller that computes there delays every other answer.</summary>
    public bool CompleteInline { get; init; }

    /// <summary>How long the receiving thread leaves an idle link unread, milliseconds; it may notice this much later that the tail has
    /// left.</summary>
    internal int RestMs { get; init; } = 100;

    /// <summary>Of an edge with several tails, instead of <see cref="ProbeBudget"/>; null for its own.</summary>
    internal ProbeBudget? SharedBudget { get; init; }

    /// <summary>How many tails the edge has: while no task runs, all together are measured about as rarely as one would be.</summary>
    internal int Sharing { get; init; } = 1;

    /// <summary>Called for connects, disconnects and refusals; null if not needed.</summary>
    public ILogger? Logger { get; init; }

    /// <summary>Host and port, as in a URL.</summary>
    internal string Address => Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]:{Port}" : $"{Host}:{Port}";

    /// <exception cref="ArgumentException">An option with a value that it cannot have.</exception>
    internal void Check()
    {
        if (string.IsNullOrWhiteSpace(Host)) throw new ArgumentException($"Host is '{Host}', not the name or address of a host", nameof(Host));
        if (Host.Length > LongestHost)
            throw new ArgumentException($"Host has {Host.Length} characters, a name of a host has at most {LongestHost}", nameof(Host));
        OptionRule.Within(Port, 1, IPEndPoint.MaxPort, nameof(Port));
        Tls?.Check();
        ArgumentNullException.ThrowIfNull(Limits, nameof(Limits));
        Limits.Check();
        OptionRule.Wait(FirstBackoff, nameof(FirstBackoff));
        OptionRule.Wait(LongestBackoff, nameof(LongestBackoff));
        OptionRule.Wait(StallLimit, nameof(StallLimit), positive: true);
        OptionRule.Wait(PingInterval, nameof(PingInterval));
        OptionRule.Wait(ProbeInterval, nameof(ProbeInterval));
        OptionRule.Wait(ProbeTimeout, nameof(ProbeTimeout), positive: true);
        if (ProbeBudget is { } budget) OptionRule.Within(budget, 0, long.MaxValue, nameof(ProbeBudget));
        OptionRule.Within(ProbeBytes, 0, int.MaxValue, nameof(ProbeBytes));
    }
}
