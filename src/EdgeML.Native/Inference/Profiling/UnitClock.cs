using EdgeML.Native.Models.Manifest;

namespace EdgeML.Native.Inference.Profiling;

/// <summary>The time of a run by a device profile: prefix sums over units, plus the heads that were tried.</summary>
sealed class UnitClock
{
    readonly double[] _untilUnit;
    readonly double[] _headMs;
    readonly int[] _exitUnit;

    public UnitClock(ModelManifest manifest, DeviceProfile profile)
    {
        if (profile.UnitMs.Count != manifest.Units.Count || profile.HeadMs.Count != manifest.SideExits)
        {
            throw new InvalidDataException($"profile of {profile.Device} has {profile.UnitMs.Count} units and {profile.HeadMs.Count} heads, " +
                $"model {manifest.Name} has {manifest.Units.Count} and {manifest.SideExits}");
        }
        _untilUnit = new double[manifest.Units.Count + 1];
        for (int i = 0; i < manifest.Units.Count; i++) _untilUnit[i + 1] = _untilUnit[i] + profile.UnitMs[i];
        _headMs = [.. profile.HeadMs];
        _exitUnit = [.. manifest.Exits.Select(exit => exit.AfterUnit)];
    }

    /// <summary>Milliseconds of units <paramref name="start"/> + 1 .. <paramref name="stop"/> with every head whose threshold is above 0
    /// in between.</summary>
    public double Milliseconds(int start, int stop, ReadOnlySpan<float> thresholds)
    {
        double ms = _untilUnit[stop] - _untilUnit[start];
        for (int i = 0; i < _headMs.Length && i < thresholds.Length; i++)
        {
            if (thresholds[i] > 0f && _exitUnit[i] > start && _exitUnit[i] <= stop) ms += _headMs[i];
        }
        return ms;
    }
}
