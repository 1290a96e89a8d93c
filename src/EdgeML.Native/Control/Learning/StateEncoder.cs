using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Policies;

namespace EdgeML.Native.Control.Learning;

/// <summary>Turns an observation into the state a learner sees: dimensionless, so that bounds and units may change.</summary>
/// <remarks>
/// The paper's three, L(I_k), E(I_k) and CH(I_k), as L / L_usr - 1, E / E_usr - 1 and ln(CH / 10 Mbps); extended, the round-trip time
/// over L_usr and ln(1 + age of the last measurement) follow. Values never measured are 0; a mean without a bound is infinitely far inside
/// it, -1. Numbers are clipped to -10..10.
/// </remarks>
static class StateEncoder
{
    public const int PaperSize = 3;
    public const int ExtendedSize = 5;

    public static void Encode(in Observation observation, bool extended, Span<float> state)
    {
        double boundMs = observation.Requirements.LatencyMs;
        double rate = observation.Link.RateBitsPerSecond;
        // A link that is down counts as the slowest one; NaN, never measured, stays.
        if (rate < PlanningConditions.MinimumRate || (!observation.Link.Up && rate > 0)) rate = PlanningConditions.MinimumRate;
        state[0] = Clip((observation.LatencyMs / boundMs) - 1);
        state[1] = Clip((observation.EnergyJ / observation.Requirements.EnergyJ) - 1);
        state[2] = Clip(Math.Log(rate / LearningDefaults.ReferenceRate)); // (37)
        if (!extended) return;
        state[3] = Clip(observation.Link.RttMs / boundMs);
        state[4] = Clip(Math.Log(1 + observation.Link.AgeSeconds));
    }

    static float Clip(double value) => double.IsNaN(value) ? 0 : (float)Math.Clamp(value, -LearningDefaults.StateLimit, LearningDefaults.StateLimit);
}
