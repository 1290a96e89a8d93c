using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Planning;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Profiling;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Offload.Server;
using EdgeML.Native.Policies;

namespace EdgeML.Native.Tests.Control.Costs;

/// <summary>Heads that run only so that others may agree with them cost what all heads cost.</summary>
public sealed class PatienceCostTests
{
    static readonly ModelManifest s_entropy = SyntheticModel.Manifest(), s_patience = s_entropy.WithExitRule(ExitRule.AfterAgreement(2));

    [Fact]
    public void Everywhere_ExitBeforeATriedOne_IsTried()
    {
        float[] last = [0, 0, 0.5f];
        int local = s_patience.LocalCut;
        Assert.Equal(0b110u, PlanKey.For(s_patience, 0, local, last).TriedExits);
        Assert.Equal(0b100u, PlanKey.For(s_entropy, 0, local, last).TriedExits);
        // With a cut between the two, each side tries its own.
        int between = s_patience.Exits[1].AfterUnit;
        Assert.Equal(0b010u, PlanKey.For(s_patience, 0, between, last).TriedExits);
        Assert.Equal(0b100u, PlanKey.For(s_patience, between, local, last).TriedExits);
        Assert.Equal(0b100u, TailBatchKey.Of(s_patience, new ExitPolicy(last, between), default).TriedExits);
        Assert.Equal(0b110u, TailBatchKey.Of(s_patience, new ExitPolicy(last, 0), default).TriedExits);
        DeviceProfile edge = SyntheticModel.Edge();
        double whole = new UnitClock(s_entropy, edge).Milliseconds(0, local, last), patient = new UnitClock(s_patience, edge).Milliseconds(0, local, last);
        Assert.Equal(edge.HeadMs[1], patient - whole, 9);
    }

    [Fact]
    public void Estimate_ExitBeforeATriedOne_CostsItsTime()
    {
        DeviceProfile edge = SyntheticModel.Edge();
        ExitCalibration samples = SyntheticModel.Samples(400, 3);
        var patient = new ExitCalibration(samples.Exits, samples.Entropies, samples.Correct, samples.Source, true) { Rule = s_patience.ExitRule };
        var policy = new ExitPolicy([0, 0, 0.5f], s_entropy.LocalCut);
        var conditions = PlanningConditions.From(default);
        PolicyEstimate one = new CostModel(s_entropy, edge, null, samples).Estimate(policy, conditions, Requirements.None);
        PolicyEstimate two = new CostModel(s_patience, edge, null, patient).Estimate(policy, conditions, Requirements.None);
        Assert.Equal(one.Accuracy, two.Accuracy);
        Assert.Equal(edge.HeadMs[1], two.LatencyMs - one.LatencyMs, 6);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(6)]
    public void Grid_Groups_RunTheHeadsThatTheRuleTries(int sideExits)
    {
        ModelManifest manifest = SyntheticModel.Manifest(sideExits).WithExitRule(ExitRule.AfterAgreement(3));
        ExitCalibration samples = SyntheticModel.Samples(300, 4, sideExits: sideExits);
        var grid = new ThresholdGrid(
            new SampleSet(samples, sideExits + 1, rule: manifest.ExitRule), [.. Enumerable.Range(1, sideExits + 1).Select(exit => (double)exit)]);
        uint before = 0;
        foreach (ThresholdGrid.Group group in grid.Groups)
        {
            Assert.True(group.HeadMask > before || group.HeadMask == 0);
            before = group.HeadMask;
            for (int point = group.Start; point < group.End; point++) Assert.Equal(group.HeadMask, manifest.ExitRule.Tried(grid.Thresholds(point)));
            if (group.Parent >= 0) Assert.Equal(group.HeadMask & ~(1u << group.LastHead), grid.Groups[group.Parent].HeadMask);
        }
        Assert.Equal(0u, grid.Groups[0].HeadMask);
    }
}
