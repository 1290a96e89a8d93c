using EdgeML.Native.Models.Manifest;

namespace EdgeML.Simulation.Replay;

/// <summary>Draws the true times of a device that differ from the profile of its controllers.</summary>
static class ProfileError
{
    /// <summary>Half of the error is the whole device's, half each unit's own: independent errors alone would cancel over a
    /// network.</summary>
    const double CommonShare = 0.5;

    /// <summary>The profile with every time off by up to a share; 0 gives the profile itself.</summary>
    public static DeviceProfile Draw(DeviceProfile told, double share, Random random)
    {
        double common = CommonShare * share * Symmetric(random);
        double Factor() => 1 + common + ((1 - CommonShare) * share * Symmetric(random));
        return told with { UnitMs = [.. told.UnitMs.Select(ms => ms * Factor())], HeadMs = [.. told.HeadMs.Select(ms => ms * Factor())] };
    }

    static double Symmetric(Random random) => (2 * random.NextDouble()) - 1;
}
