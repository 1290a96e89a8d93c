using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Models.Manifest;

namespace EdgeML.Native.Inference.Profiling;

/// <summary>Measures the time that units and heads add to plans as sessions run them: with fused ranges between stops, not unit by unit.</summary>
/// <remarks>
/// The first k units are measured as one range, and the rest as another, for every k; where k lies in time follows from both, each trusted
/// the more the shorter it is, because disturbances are in proportion to a run. The time of a head, its stop included, is the difference
/// between the units around it with its exit tried and without. Takes longer than <see cref="DeviceProfiler"/>, whose sums are too large
/// by the cost of a session's start and end.
/// </remarks>
public static class PlanProfiler
{
    /// <summary>Calls of <c>progress</c> that <see cref="Measure"/> makes.</summary>
    /// <param name="manifest">Of the model.</param>
    /// <param name="rounds">As in that call.</param>
    public static int MeasureSteps(ModelManifest manifest, int rounds) => PlanTimer.Rounds(MeasuredPlans(manifest).Length, rounds);

    /// <summary>Calls of <c>progress</c> that <see cref="MeasureAndCheck"/> makes.</summary>
    /// <param name="manifest">Of the model.</param>
    /// <param name="rounds">As in that call.</param>
    public static int CheckSteps(ModelManifest manifest, int rounds) => PlanTimer.Rounds(AllPlans(manifest).Length, rounds);

    /// <summary>Measures a profile.</summary>
    /// <param name="model">Loaded; other work on it disturbs the figures.</param>
    /// <param name="device">Name for the profile.</param>
    /// <param name="rounds">Runs of every plan, after a fifth as many for warm-up.</param>
    /// <param name="power">The declared power model; null for the default.</param>
    /// <param name="progress">Called after every round.</param>
    /// <param name="cancellation">Checked between rounds.</param>
    public static DeviceProfile Measure(
        BranchedModel model, string device, int rounds = 40, PowerModel? power = null, Action? progress = null,
        CancellationToken cancellation = default)
    {
        PlanKey[] keys = MeasuredPlans(model.Manifest);
        return Profile(model.Manifest, device, power, Time(model, keys, rounds, progress, cancellation));
    }

    /// <summary>Measures a profile, and beside it plans that it is not made of: all exits tried, those before a cut, those after it.
    /// Both in turns, so that a machine whose speed drifts does not make a good profile look bad. A model without side exits has no other
    /// plans.</summary>
    /// <param name="model">Loaded; other work on it disturbs the figures.</param>
    /// <param name="device">Name for the profile.</param>
    /// <param name="rounds">Runs of every plan, after a fifth as many for warm-up.</param>
    /// <param name="progress">Called after every round.</param>
    /// <param name="cancellation">Checked between rounds.</param>
    public static (DeviceProfile Profile, IReadOnlyList<PlanTime> Plans) MeasureAndCheck(
        BranchedModel model, string device, int rounds = 40, Action? progress = null, CancellationToken cancellation = default)
    {
        ModelManifest manifest = model.Manifest;
        Dictionary<PlanKey, double> ms = Time(model, AllPlans(manifest), rounds, progress, cancellation);
        DeviceProfile profile = Profile(manifest, device, null, ms);
        return (profile, [.. CheckedPlans(manifest).Select(key => Predict(manifest, profile, key, ms[key]))]);
    }

    static Dictionary<PlanKey, double> Time(
        BranchedModel model, PlanKey[] keys, int rounds, Action? progress, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rounds, 1);
        using var timer = new PlanTimer(model, rounds, progress, cancellation);
        double[] ms = timer.Milliseconds(keys);
        return keys.Zip(ms).ToDictionary(each => each.First, each => each.Second);
    }

    static DeviceProfile Profile(ModelManifest manifest, string device, PowerModel? power, Dictionary<PlanKey, double> ms)
    {
        int units = manifest.Units.Count;
        double Of(PlanKey key) => ms[key];
        double whole = Of(new PlanKey(0, units, 0));
        double Until(int unit)
        {
            double before = Of(new PlanKey(0, unit, 0)), behind = Of(new PlanKey(unit, units, 0));
            double share = behind * behind / ((before * before) + (behind * behind));
            return (share * before) + ((1 - share) * (whole - behind));
        }
        double[] until = Rising([0, .. Enumerable.Range(1, units - 1).Select(Until), whole]);
        return new DeviceProfile
        {
            Device = device,
            UnitMs = [.. Enumerable.Range(0, units).Select(u => until[u + 1] - until[u])],
            HeadMs = [.. manifest.Exits.SkipLast(1).Select(e => Math.Max(0, Of(Around(e, tried: true)) - Of(Around(e, tried: false))))],
            Power = power ?? PowerModel.Default,
        };
    }

    /// <summary>Profiled and measured time of a plan.</summary>
    internal static PlanTime Predict(ModelManifest manifest, DeviceProfile profile, PlanKey key, double ms)
    {
        int[] exits = [.. Enumerable.Range(1, manifest.SideExits).Where(exit => (key.TriedExits & (1u << (exit - 1))) != 0)];
        float[] thresholds = [.. Enumerable.Range(1, manifest.SideExits).Select(exit => exits.Contains(exit) ? 1f : 0f)];
        return new PlanTime(key.Start, key.Stop, exits, new UnitClock(manifest, profile).Milliseconds(key.Start, key.Stop, thresholds), ms);
    }

    static PlanKey[] AllPlans(ModelManifest manifest) => [.. MeasuredPlans(manifest).Union(CheckedPlans(manifest))];

    /// <summary>The units around every exit with and without it, side by side; the whole; every beginning and every rest.</summary>
    static PlanKey[] MeasuredPlans(ModelManifest manifest)
    {
        int units = manifest.Units.Count;
        return
        [
            .. manifest.Exits.SkipLast(1).SelectMany(e => new[] { Around(e, tried: true), Around(e, tried: false) })
                .Append(new PlanKey(0, units, 0))
                .Concat(Enumerable.Range(1, units - 1).SelectMany(unit => new PlanKey[] { new(0, unit, 0), new(unit, units, 0) }))
                .Distinct(),
        ];
    }

    /// <summary>From the unit an exit follows to the one after it, so that its stop is in between.</summary>
    static PlanKey Around(ExitInfo exit, bool tried) => new(exit.AfterUnit - 1, exit.AfterUnit + 1, tried ? 1u << (exit.Index - 1) : 0);

    static PlanKey[] CheckedPlans(ModelManifest manifest)
    {
        uint all = (1u << manifest.SideExits) - 1;
        var keys = new List<PlanKey> { new(0, manifest.LocalCut, all) };
        foreach (CutInfo cut in manifest.Cuts.Where(c => c.Candidate && c.K > 0 && c.K < manifest.LocalCut))
        {
            uint edge = Tried(manifest, unit => unit <= cut.K);
            keys.Add(new(0, cut.K, edge));
            keys.Add(new(cut.K, manifest.LocalCut, all & ~edge));
        }
        return [.. keys.Except(MeasuredPlans(manifest))];
    }

    static uint Tried(ModelManifest manifest, Func<int, bool> at) =>
        manifest.Exits.SkipLast(1).Where(e => at(e.AfterUnit)).Aggregate(0u, (bits, e) => bits | (1u << (e.Index - 1)));

    /// <summary>The nearest values that never fall (pool adjacent violators): more units cannot take less time.</summary>
    static double[] Rising(double[] values)
    {
        var pools = new List<(double Sum, int Count)>();
        foreach (double value in values)
        {
            pools.Add((value, 1));
            while (pools.Count > 1 && pools[^1].Sum / pools[^1].Count < pools[^2].Sum / pools[^2].Count)
            {
                pools[^2] = (pools[^2].Sum + pools[^1].Sum, pools[^2].Count + pools[^1].Count);
                pools.RemoveAt(pools.Count - 1);
            }
        }
        return [.. pools.SelectMany(pool => Enumerable.Repeat(pool.Sum / pool.Count, pool.Count))];
    }
}

/// <summary>Profiled and measured time of a plan.</summary>
/// <param name="Start">Units already executed.</param>
/// <param name="Stop">The last unit executed.</param>
/// <param name="Exits">Side exits tried and not taken, from 1.</param>
/// <param name="PredictedMs">The sum of units and heads.</param>
/// <param name="MeasuredMs">Median, with fused ranges.</param>
public sealed record PlanTime(int Start, int Stop, IReadOnlyList<int> Exits, double PredictedMs, double MeasuredMs)
{
    /// <summary>Predicted over measured, minus 1.</summary>
    public double Error => (PredictedMs / MeasuredMs) - 1;
}
