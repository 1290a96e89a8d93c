using EdgeML.Native.Models.Manifest;

namespace EdgeML.Native.Energy;

/// <summary>Computes energy from times with the power model declared in the device profile.</summary>
/// <param name="power">Idle, busy and radio power.</param>
public sealed class DeclaredEnergyMeter(PowerModel power) : IEnergyMeter
{
    /// <inheritdoc/>
    public string Source => "declared";

    /// <inheritdoc/>
    public double TaskJoules(double latencyMs, double busyMs, double radioMs) => power.Joules(latencyMs, busyMs, radioMs);
}
