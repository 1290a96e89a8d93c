using EdgeML.Native.Offload.Client;

namespace EdgeML.Simulation.Faults;

/// <summary>Length and devices of a <see cref="FaultCampaign"/>.</summary>
sealed record FaultSettings
{
    /// <summary>Faults that strike.</summary>
    public required int Faults { get; init; }

    /// <summary>Seeds every fault, policy and picture.</summary>
    public required int Seed { get; init; }

    /// <summary>Words that start a tail of the same package, which prints <c>listening HOST:PORT</c> as its first line.</summary>
    public required IReadOnlyList<string> TailCommand { get; init; }

    /// <summary>How the devices encrypt their links; null for plain TCP.</summary>
    public TailTlsOptions? Tls { get; init; }

    /// <summary>Devices, each with its own link.</summary>
    public int Devices { get; init; } = 4;

    /// <summary>Deadline of every task, milliseconds.</summary>
    public double DeadlineMs { get; init; } = 50;
}
