using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Planning;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Policies;
using EdgeML.Native.Telemetry;
using EdgeML.Native.Tests.Inference.Sessions;

namespace EdgeML.Native.Tests.Control.Costs;

/// <summary>What bottlenecks cost and save, as planners see it.</summary>
public class BottleneckCostTests
{
    const int Cut = 6;
    static readonly ModelManifest s_manifest = WithChannels(SyntheticModel.Manifest());
    static readonly DeviceProfile s_edge = SyntheticModel.Edge();

    // 64 positions: components of 3 and 4 bits take 56 bytes, four of 3 to 6 bits 144.
    static BottleneckSet Set(params double[] lost) => new BottleneckSet
    {
        Model = s_manifest.Hash,
        Items = [.. lost.Select((each, i) => TestBottlenecks.Make(s_manifest, i, Cut, components: 2 + (2 * i), lost: each))],
    }.Sealed().Checked(s_manifest);

    static ModelManifest WithChannels(ModelManifest manifest) => manifest with
    {
        Units = [.. manifest.Units.Select(unit => unit.Index == Cut ? unit with { OutShape = [64, 8, 8] } : unit)],
    };

    static CostModel Model(BottleneckSet set) => new(
        s_manifest, s_edge with { EncodeMs = [.. set.Items.Select(_ => 0.5)] },
        s_edge.Scaled(0.1) with { DecodeMs = [.. set.Items.Select(_ => 0.25)] },
        SyntheticModel.Samples(400, seed: 3), bottlenecks: set);

    static PlanningConditions Link(double mbps) =>
        PlanningConditions.From(new LinkSnapshot { Up = true, RateBitsPerSecond = mbps * 1e6, RttMs = 10, TailFactor = 2 });

    [Fact]
    public void Estimate_Bottleneck_CountsItsBytesItsTimesAndItsPrice()
    {
        CostModel model = Model(Set(0.02));
        PlanningConditions conditions = Link(1);
        PolicyEstimate plain = model.Estimate(new ExitPolicy([0f, 0f, 0f], Cut), conditions, Requirements.None);
        PolicyEstimate small = model.Estimate(new ExitPolicy([0f, 0f, 0f], Cut, bottleneck: 1), conditions, Requirements.None);
        Assert.Equal(56 + CostModel.FrameBytes, small.Bytes, 2);
        double sentMs = 8 * (plain.Bytes - small.Bytes) / 1000;
        Assert.Equal(plain.LatencyMs - sentMs + 0.5 + (2 * 0.25), small.LatencyMs, 3);
        Assert.Equal(plain.Accuracy - 0.02, small.Accuracy, 4);
        Assert.True(small.EnergyJ < plain.EnergyJ);
    }

    [Fact]
    public void Estimate_ExitInFrontOfTheCut_PaysNothing()
    {
        CostModel model = Model(Set(0.5));
        PolicyEstimate plain = model.Estimate(new ExitPolicy([1f, 0f, 0f], Cut), Link(1), Requirements.None);
        PolicyEstimate same = model.Estimate(new ExitPolicy([1f, 0f, 0f], Cut, bottleneck: 1), Link(1), Requirements.None);
        Assert.Equal((plain.Accuracy, plain.Bytes, plain.LatencyMs), (same.Accuracy, same.Bytes, same.LatencyMs));
    }

    [Fact]
    public void Find_LinkFromSlowToFast_TakesTheSmallThenTheLargerThenNone()
    {
        CostModel model = Model(Set(0.06, 0.01));
        var planner = new Planner(model) { AllowLocal = false };
        var bounds = new Requirements(90, double.PositiveInfinity);
        int[] chosen = [.. new[] { 0.05, 0.1, 100.0 }.Select(mbps => planner.Find(Link(mbps), bounds).Candidate.Bottleneck)];
        Assert.Equal([1, 2, 0], chosen);
        model.UsesBottlenecks = false;
        Assert.Equal(0, planner.Find(Link(0.05), bounds).Candidate.Bottleneck);
    }

    [Fact]
    public void Estimate_BottleneckOfAnotherCut_IsRefused()
    {
        CostModel model = Model(Set(0.01));
        var error = Assert.Throws<ArgumentException>(() => model.Estimate(new ExitPolicy([0f, 0f, 0f], 3, bottleneck: 1), Link(1),
            Requirements.None));
        Assert.Contains("bottleneck 1 does not exist at cut 3", error.Message);
    }

    [Fact]
    public void Candidates_WithoutBottlenecks_AreTheCuts()
    {
        CostModel model = Model(BottleneckSet.None);
        Assert.Equal(model.CandidateCuts, model.Candidates.Select(each => each.Cut));
        Assert.All(model.Candidates, each => Assert.Equal(0, each.Bottleneck));
    }
}
