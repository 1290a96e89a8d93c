using EdgeML.Native.Models;

namespace EdgeML.Native.Inference;

/// <summary>Measures what units and heads add to plans as sessions run them: with fused ranges between stops, not unit by unit.</summary>
/// <remarks>
/// The first k units are measured as one range, for every k; what unit k adds is the difference to k - 1. What a head adds, its stop
/// included, is the difference between the units up to it with its exit tried and without. Takes longer than
/// <see cref="DeviceProfiler"/>, whose sums are too large by what a session's ends cost.
/// </remarks>
public static class PlanProfiler
{
    /// <summary>Calls of <c>progress</c> that <see cref="Measure"/> makes.</summary>
    /// <param name="manifest">Of the model.</param>
    /// <param name="rounds">As in that call.</param>
    public static int MeasureSteps(ModelManifest manifest, int rounds) => PlanTimer.Rounds(MeasuredPlans(manifest).Length, rounds);

    /// <summary>Calls of <c>progress</c> that <see cref="Check"/> makes.</summary>
    /// <param name="manifest">Of the model.</param>
    /// <param name="rounds">As in that call.</param>
    public static int CheckSteps(ModelManifest manifest, int rounds) => PlanTimer.Rounds(CheckedPlans(manifest).Length, rounds);

    /// <summary>Measures a profile.</summary>
    /// <param name="model">Loaded; other work on it disturbs the figures.</param>
    /// <param name="device">Name for the profile.</param>
    /// <param name="rounds">Runs of every plan, after a fifth as many for warm-up.</param>
    /// <param name="power">The declared power model; null for the default.</param>
    /// <param name="progress">Told after every round.</param>
    /// <param name="cancellation">Checked between rounds.</param>
    public static DeviceProfile Measure(
        BranchedModel model, string device, int rounds = 40, PowerModel? power = null, Action? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rounds, 1);
        ModelManifest manifest = model.Manifest;
        using var timer = new PlanTimer(model, rounds, progress, cancellation);
        PlanKey[] keys = MeasuredPlans(manifest);
        double[] quotients = timer.Quotients(keys);
        double whole = timer.WholeMs;
        int units = manifest.Units.Count;
        double Quotient(int unit, uint exits) => quotients[Array.IndexOf(keys, new PlanKey(0, unit, exits))];
        double[] until = Rising([0, .. Enumerable.Range(1, units - 1).Select(unit => Quotient(unit, 0)), 1]);
        return new DeviceProfile
        {
            Device = device,
            UnitMs = [.. Enumerable.Range(0, units).Select(u => whole * (until[u + 1] - until[u]))],
            HeadMs = [.. manifest.Exits.SkipLast(1).Select(e =>
                whole * Math.Max(0, Quotient(e.AfterUnit, 1u << (e.Index - 1)) - Quotient(e.AfterUnit, 0)))],
            Power = power ?? PowerModel.Default,
        };
    }

    /// <summary>Measures plans that <see cref="Measure"/> did not: several exits tried, cuts with exits before them, and what is left for
    /// the tail.</summary>
    /// <param name="model">Loaded.</param>
    /// <param name="profile">Of the model on this device.</param>
    /// <param name="rounds">Runs of every plan.</param>
    /// <param name="progress">Told after every round.</param>
    /// <param name="cancellation">Checked between rounds.</param>
    public static IReadOnlyList<PlanTime> Check(
        BranchedModel model, DeviceProfile profile, int rounds = 40, Action? progress = null, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rounds, 1);
        var clock = new UnitClock(model.Manifest, profile);
        PlanKey[] keys = CheckedPlans(model.Manifest);
        using var timer = new PlanTimer(model, rounds, progress, cancellation);
        double[] quotients = timer.Quotients(keys);
        double whole = timer.WholeMs;
        return [.. keys.Select((key, i) =>
        {
            int[] exits = [.. Enumerable.Range(1, model.Manifest.SideExits).Where(exit => (key.TriedExits & (1u << (exit - 1))) != 0)];
            float[] thresholds = [.. Enumerable.Range(1, model.Manifest.SideExits).Select(exit => exits.Contains(exit) ? 1f : 0f)];
            return new PlanTime(key.Start, key.Stop, exits, clock.Milliseconds(key.Start, key.Stop, thresholds), whole * quotients[i]);
        })];
    }

    /// <summary>Every prefix, and beside it the same with an exit behind it tried: neighbours are measured in one group.</summary>
    static PlanKey[] MeasuredPlans(ModelManifest manifest) =>
    [
        .. Enumerable.Range(1, manifest.Units.Count - 1).SelectMany(unit => manifest.Exits
            .SkipLast(1)
            .Where(e => e.AfterUnit == unit)
            .Select(e => new PlanKey(0, unit, 1u << (e.Index - 1)))
            .Prepend(new PlanKey(0, unit, 0))),
    ];

    static PlanKey[] CheckedPlans(ModelManifest manifest)
    {
        uint all = (1u << manifest.SideExits) - 1;
        var keys = new List<PlanKey> { new(0, manifest.LocalCut, 0) };
        if (manifest.SideExits > 1) keys.Add(new(0, manifest.LocalCut, all));
        foreach (CutInfo cut in manifest.Cuts.Where(c => c.Candidate && c.K > 0 && c.K < manifest.LocalCut))
        {
            uint edge = Tried(manifest, unit => unit <= cut.K);
            keys.Add(new(0, cut.K, edge));
            keys.Add(new(cut.K, manifest.LocalCut, all & ~edge));
        }
        return [.. keys];
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
