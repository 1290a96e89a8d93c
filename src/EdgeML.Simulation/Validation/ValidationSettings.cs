namespace EdgeML.Simulation.Validation;

/// <summary>The settings of a validation.</summary>
sealed record ValidationSettings
{
    /// <summary>Fixed policies to compare, each a row; <see cref="ValidationPolicy.Choose"/> picks them.</summary>
    public int Policies { get; init; } = 12;

    /// <summary>Tasks of every policy.</summary>
    public int Tasks { get; init; } = 60;

    /// <summary>Turns in which the policies take their tasks, so that disturbances of the machine affect all of them.</summary>
    public int Rounds { get; init; } = 5;

    /// <summary>How many times slower than this machine the edge is; 1 for this machine as it is.</summary>
    public double EdgeSlowdown { get; init; } = 1;

    /// <summary>Megabits per second of payload that the link carries, as configured.</summary>
    public required double PayloadMbps { get; init; }

    /// <summary>Megabits per second that the relay of this process lets through; null where the kernel shapes.</summary>
    public double? RelayMbps { get; init; }

    /// <summary>Round-trip time that the relay adds, milliseconds.</summary>
    public double RttMs { get; init; } = 12;
}
