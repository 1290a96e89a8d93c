using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Profiling;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Tests.Inference.Engines;

namespace EdgeML.Native.Tests.Inference.Profiling;

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
    public void MeasureAndCheck_AnyModel_ChecksPlansThatTheProfileIsNotMadeOf()
    {
        using var loaded = new LoadedGraph("chain");
        int units = loaded.Manifest.Units.Count, steps = 0;
        (DeviceProfile profile, IReadOnlyList<PlanTime> plans) = PlanProfiler.MeasureAndCheck(loaded.Model, "d", rounds: 2,
            progress: () => steps++);

        Assert.Equal(PlanProfiler.CheckSteps(loaded.Manifest, 2), steps);
        Assert.Equal("d", profile.Device);
        Assert.Contains(plans, plan => plan.Start == 0 && plan.Stop == units && plan.Exits.SequenceEqual([1, 2]));
        Assert.All(plans, plan => Assert.True(plan.MeasuredMs > 0 && plan.Exits.Count > 0));
    }

    [Theory]
    [InlineData(0, 0b00u, 0)]
    [InlineData(1, 0b10u, 100)]
    [InlineData(0, 0b11u, 110)]
    public void Predict_AnyPlan_IsTheSumOfUnitsAndTriedHeads(int start, uint tried, double heads)
    {
        using var loaded = new LoadedGraph("chain");
        int units = loaded.Manifest.Units.Count;
        var profile = new DeviceProfile { Device = "d", UnitMs = [.. Enumerable.Repeat(1.0, units)], HeadMs = [10, 100] };

        PlanTime plan = PlanProfiler.Predict(loaded.Manifest, profile, new PlanKey(start, units, tried), ms: 50);

        Assert.Equal(units - start + heads, plan.PredictedMs, 1e-9);
        Assert.Equal((plan.PredictedMs / 50) - 1, plan.Error, 1e-9);
    }
}
