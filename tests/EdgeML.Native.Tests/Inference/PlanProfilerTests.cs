using EdgeML.Native.Inference;
using EdgeML.Native.Models;

namespace EdgeML.Native.Tests.Inference;

public sealed class PlanProfilerTests
{
    [Fact]
    public void Measure_AnyModel_HasATimeForEveryUnitAndHeadThatAddUpToTheWhole()
    {
        using var loaded = new LoadedGraph("residual");
        int steps = 0;
        DeviceProfile profile = PlanProfiler.Measure(loaded.Model, "here", rounds: 4, progress: () => steps++);

        Assert.Equal(PlanProfiler.MeasureSteps(loaded.Manifest, 4), steps);
        Assert.Equal(loaded.Manifest.Units.Count, profile.UnitMs.Count);
        Assert.Equal(loaded.Manifest.SideExits, profile.HeadMs.Count);
        Assert.All(profile.UnitMs.Concat(profile.HeadMs), ms => Assert.True(ms >= 0));
        Assert.True(profile.UnitMs.Sum() > 0);
    }

    [Fact]
    public void Check_AnyProfile_PredictsTheSumOfUnitsAndTriedHeads()
    {
        using var loaded = new LoadedGraph("chain");
        int units = loaded.Manifest.Units.Count;
        var profile = new DeviceProfile { Device = "d", UnitMs = [.. Enumerable.Repeat(1.0, units)], HeadMs = [10, 100] };
        int steps = 0;
        IReadOnlyList<PlanTime> plans = PlanProfiler.Check(loaded.Model, profile, rounds: 2, progress: () => steps++);

        Assert.Equal(PlanProfiler.CheckSteps(loaded.Manifest, 2), steps);
        Assert.Contains(plans, plan => plan.Start == 0 && plan.Stop == units && plan.Exits.SequenceEqual([1, 2]));
        Assert.All(plans, plan =>
        {
            double heads = plan.Exits.Sum(exit => exit == 1 ? 10.0 : 100.0);
            Assert.Equal(plan.Stop - plan.Start + heads, plan.PredictedMs, 1e-9);
            Assert.True(plan.MeasuredMs > 0);
        });
        foreach (CutInfo cut in loaded.Manifest.Cuts.Where(c => c.Candidate && c.K > 0 && c.K < units))
        {
            int[] edge = [.. plans.Single(p => p.Start == 0 && p.Stop == cut.K).Exits], tail = [.. plans.Single(p => p.Start == cut.K).Exits];
            Assert.Equal([1, 2], edge.Concat(tail));
        }
    }
}
