using EdgeML.Native.Telemetry;

namespace EdgeML.Simulation.Validation;

/// <summary>The result of a validation.</summary>
/// <param name="Settings">The settings of the run.</param>
/// <param name="Rows">A row per policy, in the settings' order.</param>
/// <param name="Link">A client's measurements of the link before the first task.</param>
/// <param name="EdgeMs">The whole network on the edge by its profile, milliseconds.</param>
/// <param name="MachineMs">The same on this machine before the first and after the last task: far apart where something disturbed
/// it.</param>
/// <param name="TailMs">The whole network on the tail by its profile.</param>
sealed record ValidationReport(
    ValidationSettings Settings, IReadOnlyList<ValidationRow> Rows, LinkSnapshot Link, double EdgeMs, (double Before, double After) MachineMs,
    double TailMs)
{
    /// <summary>Rows whose medians are within the tolerance.</summary>
    public int Held => Rows.Count(row => row.Holds);

    /// <summary>How many policies hold.</summary>
    public override string ToString() => $"{Held} of {Rows.Count} policies hold";
}
