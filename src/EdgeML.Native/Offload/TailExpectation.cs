using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Policies;

namespace EdgeML.Native.Offload;

/// <summary>The profiled time of a request on a tail, from which its load is measured. Immutable.</summary>
sealed class TailExpectation
{
    readonly double[] _unitsUpTo;
    readonly double[] _headMs;
    readonly double[] _decodeMs;
    readonly int[] _afterUnit;
    readonly ExitRule _rule;

    /// <param name="manifest">The model.</param>
    /// <param name="profile">Its times on the tail; with missing ones nothing is expected.</param>
    public TailExpectation(ModelManifest manifest, DeviceProfile profile)
    {
        _afterUnit = [.. manifest.Exits.Select(exit => exit.AfterUnit)];
        _rule = manifest.ExitRule;
        _headMs = [.. profile.HeadMs];
        _decodeMs = [.. profile.DecodeMs];
        _unitsUpTo = new double[manifest.Units.Count + 1];
        IsKnown = profile.UnitMs.Count == manifest.Units.Count && _headMs.Length >= manifest.SideExits;
        for (int unit = 1; IsKnown && unit < _unitsUpTo.Length; unit++) _unitsUpTo[unit] = _unitsUpTo[unit - 1] + profile.UnitMs[unit - 1];
    }

    /// <summary>Whether the profile covers the model.</summary>
    public bool IsKnown { get; }

    /// <summary>Milliseconds from the cut to the exit that answered, heads tried on the way included; NaN when unknown.</summary>
    public double Milliseconds(in ExitPolicy policy, int exit)
    {
        if (!IsKnown || exit < 1 || exit > _afterUnit.Length || policy.Cut >= _unitsUpTo.Length) return double.NaN;
        double ms = Math.Max(0, _unitsUpTo[_afterUnit[exit - 1]] - _unitsUpTo[policy.Cut]);
        if (policy.Bottleneck > 0 && policy.Bottleneck <= _decodeMs.Length) ms += _decodeMs[policy.Bottleneck - 1];
        uint tried = _rule.Tried(policy.Thresholds);
        for (int i = 0; i < Math.Min(exit, Math.Min(policy.Exits, _headMs.Length)); i++)
        {
            // A head exactly at the cut was tried on the edge already.
            if ((tried >> i & 1) != 0 && _afterUnit[i] > policy.Cut) ms += _headMs[i];
        }
        return ms;
    }
}
