using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Policies;

namespace EdgeML.Native.Control.Costs;

/// <summary>Which exits can stand by, and when one answers in place of the tail.</summary>
static class StandbyRules
{
    /// <summary>What is left of a deadline for handing the answer on: a hundredth, at least a millisecond, and never more than a
    /// tenth.</summary>
    const double Share = 0.01, LeastMs = 1, MostShare = 0.1;

    /// <summary>Milliseconds into a task at which the tail is not waited for any longer.</summary>
    /// <param name="deadlineMs">At which the task must be answered.</param>
    public static double DeadlineMs(double deadlineMs) =>
        double.IsPositiveInfinity(deadlineMs)
            ? deadlineMs : deadlineMs - Math.Min(Math.Max(Share * deadlineMs, LeastMs), MostShare * deadlineMs);

    /// <summary>An exit stands by behind the cut, or in front of it where it is tried on the way.</summary>
    /// <exception cref="ArgumentException">The policy's standby exit would never have an answer.</exception>
    public static void Check(in ExitPolicy policy, ModelManifest manifest)
    {
        if (policy.Standby == 0) return;
        int unit = manifest.Exits[policy.Standby - 1].AfterUnit;
        if (unit <= policy.Cut && policy.Thresholds[policy.Standby - 1] <= 0f)
            throw new ArgumentException(
                $"exit {policy.Standby} follows unit {unit}, in front of cut {policy.Cut}, and is not tried: it cannot stand by");
    }
}
