using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Estimation;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Policies;
using EdgeML.Native.Tests.Control.Costs;

namespace EdgeML.Native.Tests.Control.Estimation;

public class DeviceSpeedFilterTests
{
    static readonly CostModel s_model = new(SyntheticModel.Manifest(), SyntheticModel.Edge(), SyntheticModel.Edge(0.4),
        SyntheticModel.Samples(600, seed: 99));

    /// <summary>A local task that leaves at an exit, no head tried before it.</summary>
    static TaskRecord Task(int exit, Func<int, double> scaleOfUnit, double jitter)
    {
        int last = s_model.AfterUnits[exit - 1];
        double ms = 0;
        for (int unit = 1; unit <= last; unit++) ms += scaleOfUnit(unit) * (s_model.EdgePrefix[unit] - s_model.EdgePrefix[unit - 1]);
        return new TaskRecord { Policy = new ExitPolicy([0f, 0f, 0f], s_model.LocalCut), Exit = exit, EdgeMs = ms * jitter };
    }

    static double[] Filled(DeviceSpeedFilter scales)
    {
        double[] prefix = new double[s_model.EdgePrefix.Length];
        scales.Fill(prefix, new double[s_model.SideExits]);
        return prefix;
    }

    [Fact]
    public void Observe_RangesThatDiffer_ArePredictedWithinTwoPercent()
    {
        // The first range is a tenth slower than profiled, the rest a tenth faster.
        double Scale(int unit) => unit <= s_model.AfterUnits[0] ? 1.1 : 0.9;
        var scales = new DeviceSpeedFilter(s_model);
        var random = new Random(3);
        for (int i = 0; i < 200; i++) scales.Observe(Task(i % 2 == 0 ? 1 : s_model.Exits, Scale, 0.97 + (0.06 * random.NextDouble())));
        double[] prefix = Filled(scales);
        foreach (int exit in (int[])[1, s_model.Exits])
        {
            double truth = Task(exit, Scale, 1).EdgeMs, told = prefix[s_model.AfterUnits[exit - 1]];
            Assert.InRange(told, 0.98 * truth, 1.02 * truth);
        }
    }

    [Fact]
    public void Observe_ThrottledToHalf_IsANewLevelAtTheSecondTask()
    {
        var scales = new DeviceSpeedFilter(s_model);
        for (int i = 0; i < 100; i++) scales.Observe(Task(s_model.Exits, _ => 1, 1));
        Assert.False(scales.Observe(Task(s_model.Exits, _ => 2, 1)));
        Assert.Equal(1, Filled(scales)[^1] / s_model.EdgePrefix[^1], 2);
        Assert.True(scales.Observe(Task(s_model.Exits, _ => 2, 1)));
        Assert.InRange(Filled(scales)[^1] / s_model.EdgePrefix[^1], 1.9, 2.1);
    }

    [Fact]
    public void Observe_OneTaskKeptWaiting_IsForgotten()
    {
        var scales = new DeviceSpeedFilter(s_model);
        Assert.False(scales.Observe(Task(s_model.Exits, _ => 23, 1)));
        for (int i = 0; i < 5; i++) Assert.False(scales.Observe(Task(s_model.Exits, _ => 1, 1)));
        Assert.Equal(1, Filled(scales)[^1] / s_model.EdgePrefix[^1], 2);
        Assert.InRange(scales.Jitter, 0, 0.06);
    }

    [Fact]
    public void Observe_FirstErrorOfOneRange_CountsForTheOthersByTheStatedShare()
    {
        var scales = new DeviceSpeedFilter(s_model);
        // The first range alone ran, 2 % slower than profiled.
        scales.Observe(Task(1, _ => 1.02, 1));
        double[] prefix = Filled(scales), profiled = s_model.EdgePrefix;
        int end = s_model.AfterUnits[0];
        double own = (prefix[end] / profiled[end]) - 1, others = ((prefix[^1] - prefix[end]) / (profiled[^1] - profiled[end])) - 1;
        Assert.InRange(own, 0.001, 0.02);
        Assert.Equal(DeviceSpeedFilter.SharedShare, others / own, 3);
        Assert.Equal(0.69, DeviceSpeedFilter.SharedShare, 0.005);
    }

    [Fact]
    public void Jitter_OfTasks_IsLearned()
    {
        var scales = new DeviceSpeedFilter(s_model);
        var random = new Random(4);
        for (int i = 0; i < 400; i++) scales.Observe(Task(s_model.Exits, _ => 1, i % 2 == 0 ? 1.03 : 0.97));
        Assert.InRange(scales.Jitter, 0.02, 0.04);
        Assert.True(scales.Uncertainty < 0.05);
    }
}
