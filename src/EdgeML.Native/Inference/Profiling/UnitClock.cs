using EdgeML.Native.Models.Manifest;

namespace EdgeML.Native.Inference.Profiling;

/// <summary>The time of a run by a device profile: prefix sums over units, plus the heads that were tried.</summary>
sealed class UnitClock
{
    readonly double[] _untilUnit;
    readonly double[] _headMs;
    readonly int[] _exitUnit;
    readonly ExitRule _rule;

    public UnitClock(ModelManifest manifest, DeviceProfile profile)
    {
        if (profile.UnitMs.Count != manifest.Units.Count || profile.HeadMs.Count != manifest.SideExits)
        {
            throw new InvalidDataException($"profile of {profile.Device} has {profile.UnitMs.Count} units and {profile.HeadMs.Count} heads, " +
                $"model {manifest.Name} has {manifest.Units.Count} and {manifest.SideExits}");
        }
        _untilUnit = new double[manifest.Units.Count + 1];
        for (int i = 0; i < manifest.Units.Count; i++) _untilUnit[i + 1] = _untilUnit[i] + profile.UnitMs[i];
        _rule = manifest.ExitRule;
        _headMs = [.. profile.HeadMs];
        _exitUnit = [.. manifest.Exits.Select(exit => exit.AfterUnit)];
    }

    /// <summary>Milliseconds of units <paramref name="start"/> + 1 .. <paramref name="stop"/> with every head in between that is
    /// tried.</summary>
    public double Milliseconds(int start, int stop, ReadOnlySpan<float> thresholds)
    {
        uint tried = _rule.Tried(thresholds);
        double ms = _untilUnit[stop] - _untilUnit[start];
        for (int i = 0; i < _headMs.Length && i < thresholds.Length; i++)
        {
            if ((tried & (1u << i)) != 0 && _exitUnit[i] > start && _exitUnit[i] <= stop) ms += _headMs[i];
        }
        return ms;
    }
}
