namespace EdgeML.Simulation.Scenarios;

/// <summary>The figures a demo scenario is built from. ScenarioNeedsControlTests holds the defaults against the shipped model in virtual
/// time.</summary>
/// <remarks>
/// The idea: no fixed policy may do. While the link is poor or the tail is busy, only answers of the edge's first exits are in time.
/// While the user asks for little energy, even exit 1 of the edge is too expensive and only sending the input stays inside. In between, on
/// the slow link, sending the input takes too long and a deeper cut is right.
/// </remarks>
sealed record DemoTuning
{
    /// <summary>Milliseconds the emulated edge takes to answer at exit 1; a measure of how slow it is.</summary>
    public double Exit1Ms { get; init; } = 30;

    /// <summary>Milliseconds between two inputs.</summary>
    public double PeriodMs { get; init; } = 80;

    /// <summary>Uplink of the fast phases, in bits per second.</summary>
    public double FastRate { get; init; } = 15e6;

    /// <summary>Uplink of the slow phases, in bits per second.</summary>
    public double SlowRate { get; init; } = 3e6;

    /// <summary>Round-trip time of fast and slow phases, milliseconds.</summary>
    public double RttMs { get; init; } = 10;

    /// <summary>Round-trip time of the poor phases, milliseconds.</summary>
    public double PoorRttMs { get; init; } = 40;

    /// <summary>The largest random change of a phase's length, as a share of it.</summary>
    public double LengthJitter { get; init; } = 0.15;

    /// <summary>The largest random change of a phase's rate and round-trip time, as a share of it.</summary>
    public double LinkJitter { get; init; } = 0.06;
}
