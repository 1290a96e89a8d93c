namespace EdgeML.Simulation.Sweeps;

/// <summary>Device and bounds of a cell.</summary>
/// <param name="Device">Column of the profile.</param>
/// <param name="LatencyMs">Bound on latency.</param>
/// <param name="Ghz">Bound on energy, as the paper's frequency.</param>
sealed record SweepSetting(string Device, double LatencyMs, double Ghz)
{
    /// <summary>The three of the acceptance.</summary>
    public static IReadOnlyList<SweepSetting> All { get; } = [new("tx2", 100, 1.2), new("tx2", 100, 0.7), new("nano", 100, 0.85)];

    /// <summary>In a few words.</summary>
    public string Name => FormattableString.Invariant($"{Device} {LatencyMs:0.#} ms {Ghz:0.###} GHz");
}
