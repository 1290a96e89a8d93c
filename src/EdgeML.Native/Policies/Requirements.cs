namespace EdgeML.Native.Policies;

/// <summary>The user's bounds. A task is satisfied when its own latency is inside <see cref="LatencyMs"/> and the energy
/// averaged over its state interval is inside <see cref="EnergyJ"/>.</summary>
/// <param name="LatencyMs">L_usr, milliseconds end to end; infinite for none.</param>
/// <param name="EnergyJ">E_usr, joules of the edge device a task; infinite for none.</param>
public readonly record struct Requirements(double LatencyMs, double EnergyJ)
{
    /// <summary>No bounds.</summary>
    public static Requirements None { get; } = new(double.PositiveInfinity, double.PositiveInfinity);

    /// <summary>The bounds in words.</summary>
    public override string ToString() => double.IsPositiveInfinity(LatencyMs) && double.IsPositiveInfinity(EnergyJ)
        ? "no bounds"
        : string.Join(
            " and ", new[]
            {
                double.IsPositiveInfinity(LatencyMs) ? null : FormattableString.Invariant($"at most {LatencyMs} ms"),
                double.IsPositiveInfinity(EnergyJ) ? null : FormattableString.Invariant($"at most {EnergyJ} J"),
            }.Where(bound => bound is not null));
}
