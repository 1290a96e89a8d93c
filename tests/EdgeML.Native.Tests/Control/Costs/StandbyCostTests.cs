using EdgeML.Native.Control.Costs;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Policies;
using EdgeML.Native.Telemetry;
using EdgeML.Native.Tests.Inference.Sessions;

namespace EdgeML.Native.Tests.Control.Costs;

/// <summary>What a standby exit costs and saves, against sums written down by hand.</summary>
/// <remarks>Units take 5.5, 6 and 5 ms in turn, heads 1.5; exits follow units 3, 6 and 9, at 16.5, 33 and 49.5 ms.</remarks>
public class StandbyCostTests
{
    static readonly ModelManifest s_manifest = SyntheticModel.Manifest();
    static readonly DeviceProfile s_edge = SyntheticModel.Edge();
    static readonly ExitCalibration s_samples = SyntheticModel.Samples(400, seed: 3);
    static readonly CostModel s_model = new(s_manifest, s_edge, s_edge.Scaled(0.1), s_samples);

    /// <summary>An edge that does nothing but wait for the link: tail and round trip take no time.</summary>
    static PlanningConditions Link(double chance, double sendMs)
    {
        PlanningConditions conditions = PlanningConditions.From(new LinkSnapshot { Up = true, RateBitsPerSecond = 8e6 });
        (conditions.TailFactor, conditions.Predictor) = (0, KnownPredictor.Chance(chance, sendMs));
        return conditions;
    }

    static PathCost Path(CutCandidate candidate, double sendMs, uint heads = 0, int exit = 3)
    {
        s_model.PathTo(heads, exit, candidate, Link(0.8, sendMs), out PathCost path);
        return path;
    }

    [Theory]
    [InlineData(0, 1, 0, 3, 5.5, 5.5)]
    [InlineData(0, 1, 0, 5.5, 5.5, 5.5)]
    [InlineData(0, 1, 0, 6, 11.5, 11.5)]
    [InlineData(0, 1, 0, 16, 16.5, 16.5)]
    [InlineData(0, 1, 0, 16.5, 16.5, 16.5)]
    [InlineData(0, 1, 0, 17, 18, 18)]
    [InlineData(0, 1, 0, 30, 30, 18)]
    [InlineData(3, 2, 0, 1, 22, 22)]
    [InlineData(3, 2, 0, 40, 56.5, 34.5)]
    [InlineData(3, 2, 1, 3, 23.5, 23.5)]
    [InlineData(3, 2, 1, 40, 58, 36)]
    [InlineData(6, 1, 1, 10, 44.5, 34.5)]
    public void PathTo_Standby_ComputesUntilTheUnitAfterTheAnswer(
        int cut, int standby, int heads, double sendMs, double latencyMs, double busyMs)
    {
        PathCost path = Path(new CutCandidate(cut, 0, standby), sendMs, (uint)heads);
        double edgeMs = s_edge.UnitMs.Take(cut).Sum() + (heads > 0 ? 1.5 : 0);
        Assert.Equal(edgeMs, path.EdgeMs, 9);
        Assert.Equal(latencyMs, path.LatencyMs, 9);
        Assert.Equal(((2 * latencyMs) + (6 * busyMs) + (1.2 * sendMs)) / 1000, path.EnergyJ, 9);
        double behindMs = 3 * standby > cut ? s_edge.UnitMs.Take(3 * standby).Sum() - s_edge.UnitMs.Take(cut).Sum() + 1.5 : 0;
        Assert.Equal(edgeMs + behindMs, path.StandbyMs, 9);
        Assert.Equal(path.StandbyMs, path.AloneMs);
        Assert.Equal(standby, path.Standby);
    }

    [Fact]
    public void PathTo_EdgeSlowerThanProfiled_ScalesTheStandbyToo()
    {
        PlanningConditions conditions = Link(0.8, 30);
        (conditions.EdgeFactor, conditions.RemoteOverheadMs, conditions.TailQueueMs, conditions.RttMs) = (1.5, 4, 2, 3);
        s_model.PathTo(0, 3, new CutCandidate(0, 0, 1), conditions, out PathCost path);
        Assert.Equal(27, path.StandbyMs, 9);
        Assert.Equal(39, path.LatencyMs, 9);
        Assert.Equal(((2 * 39) + (6 * 27) + (1.2 * 30)) / 1000, path.EnergyJ, 9);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(6)]
    public void PathTo_NoStandby_CostsWhatItAlwaysDid(int cut)
    {
        PathCost path = Path(new CutCandidate(cut, 0), 20, heads: 5);
        double edgeMs = s_edge.UnitMs.Take(cut).Sum() + (cut >= 3 ? 1.5 : 0);
        Assert.Equal((0, 0.0), (path.Standby, path.StandbyMs));
        Assert.Equal(edgeMs, path.EdgeMs, 9);
        Assert.Equal(edgeMs + 20, path.LatencyMs, 9);
        Assert.Equal(s_edge.UnitMs.Sum() + 3, path.AloneMs, 9);
        Assert.Equal(((2 * path.LatencyMs) + (6 * edgeMs) + (1.2 * 20)) / 1000, path.EnergyJ, 9);
    }

    [Fact]
    public void PathTo_ExitInFrontOfTheCut_HasNothingStandingBy()
    {
        PathCost with = Path(new CutCandidate(6, 0, 3), 20, heads: 1, exit: 0);
        PathCost without = Path(new CutCandidate(6, 0), 20, heads: 1, exit: 0);
        Assert.Equal(without, with);
        Assert.Equal((0, false), (with.Standby, with.Offloaded));
    }

    [Theory]
    [InlineData(0, 1, 0u, true)]
    [InlineData(2, 1, 0u, true)]
    [InlineData(3, 1, 0u, false)]
    [InlineData(3, 1, 1u, true)]
    [InlineData(3, 1, 6u, false)]
    [InlineData(9, 2, 2u, true)]
    [InlineData(6, 3, 0u, true)]
    public void CanStandBy_BehindTheCutOrTriedInFrontOfIt(int cut, int standby, uint heads, bool can) =>
        Assert.Equal(can, s_model.CanStandBy(new CutCandidate(cut, 0, standby), heads));

    /// <summary>Sample by sample: who leaves on the edge is answered there, who is sent is answered by the tail or else by the standby
    /// exit.</summary>
    [Theory]
    [InlineData(0f, 0f, 0f, 0, 1, 0.7)]
    [InlineData(0f, 0f, 0f, 0, 2, 0.3)]
    [InlineData(0.4f, 0f, 0f, 3, 2, 0.8)]
    [InlineData(0.4f, 0f, 0f, 3, 1, 0.8)]
    [InlineData(0.2f, 0.3f, 0.6f, 6, 1, 0.5)]
    [InlineData(0.2f, 0.3f, 0.6f, 3, 3, 0.9)]
    [InlineData(0.5f, 0.5f, 0.5f, 0, 3, 0.6)]
    public void Estimate_Standby_EqualsWalkingEverySample(float first, float second, float third, int cut, int standby, double chance)
    {
        float[] thresholds = [first, second, third];
        const double boundMs = 90;
        PlanningConditions conditions = Link(chance, 40);
        PolicyEstimate estimate = s_model.Estimate(
            new ExitPolicy(thresholds, cut, standby: standby), conditions, new Requirements(boundMs, double.PositiveInfinity));
        double right = 0, satisfied = 0, joules = 0;
        for (int sample = 0; sample < s_samples.Samples; sample++)
        {
            int exit = 1;
            double edgeMs = 0;
            for (; exit <= 3; exit++)
            {
                if (thresholds[exit - 1] > 0 && 3 * exit <= cut) edgeMs += 1.5;
                if (s_samples.Entropy(sample, exit) < thresholds[exit - 1]) break;
            }
            if (exit <= 3 && 3 * exit <= cut)
            {
                edgeMs += s_edge.UnitMs.Take(3 * exit).Sum();
                (right, satisfied) = (right + (s_samples.IsCorrect(sample, exit) ? 1 : 0), satisfied + 1);
                joules += 8 * edgeMs / 1000;
                continue;
            }
            edgeMs += s_edge.UnitMs.Take(cut).Sum();
            double readyMs = edgeMs;
            if (3 * standby > cut) readyMs += s_edge.UnitMs.Take(3 * standby).Sum() - s_edge.UnitMs.Take(cut).Sum() + 1.5;
            right += chance * (s_samples.IsCorrect(sample, exit) ? 1 : 0);
            right += (1 - chance) * (s_samples.IsCorrect(sample, standby) ? 1 : 0);
            satisfied++;
            double answerMs = edgeMs + 40, busyMs = edgeMs;
            for (int unit = cut; busyMs < answerMs && unit < 3 * standby; unit++) busyMs += s_edge.UnitMs[unit];
            if (busyMs < answerMs) busyMs = readyMs;
            joules += chance * ((2 * Math.Max(answerMs, busyMs)) + (6 * busyMs) + (1.2 * 40)) / 1000;
            joules += (1 - chance) * ((2 * boundMs) + (6 * readyMs) + (1.2 * 40)) / 1000;
        }
        int count = s_samples.Samples;
        Assert.Equal(right / count, estimate.Goodput, 1e-4);
        Assert.Equal(right / count, estimate.Accuracy, 1e-4);
        Assert.Equal(satisfied / count, estimate.Satisfaction, 1e-4);
        Assert.Equal(joules / count, estimate.EnergyJ, 1e-4);
    }

    [Fact]
    public void Estimate_StandbyThatIsNotReadyInTime_SavesNothing()
    {
        // Ready at 51 ms, needed 1 ms before the bound.
        var requirements = new Requirements(51.5, double.PositiveInfinity);
        var policy = new ExitPolicy([0f, 0f, 0f], 0, standby: 3);
        PolicyEstimate late = s_model.Estimate(policy, Link(0.6, 20), requirements);
        PolicyEstimate none = s_model.Estimate(policy.WithStandby(0), Link(0.6, 20), requirements);
        Assert.Equal(none.Goodput, late.Goodput, 1e-6);
        Assert.Equal(0.6, late.Satisfaction, 1e-6);
        PolicyEstimate ready = s_model.Estimate(policy, Link(0.6, 20), requirements with { LatencyMs = 53 });
        Assert.Equal(1, ready.Satisfaction, 1e-4);
    }

    [Fact]
    public void Estimate_StandbyThatCannotStandBy_IsAsIfThereWereNone()
    {
        var requirements = new Requirements(90, 1);
        var policy = new ExitPolicy([0f, 0f, 0.3f], 6, standby: 1);
        PlanningConditions conditions = Link(0.5, 20);
        Assert.Equal(
            s_model.Estimate(policy.WithStandby(0), conditions, requirements), s_model.Estimate(policy, conditions, requirements));
    }

    [Fact]
    public void Expected_LateAnswer_WaitsForTheBoundOrTheStandby()
    {
        PlanningConditions conditions = Link(0.75, 40);
        s_model.PathTo(0, 3, new CutCandidate(0, 0, 1), conditions, out PathCost path);
        (double latencyMs, double energyJ, double inside) = s_model.Expected(path, conditions, 60);
        Assert.Equal(0.75, inside, 9);
        Assert.Equal((0.75 * 40) + (0.25 * 60), latencyMs, 9);
        double tailJ = ((2 * 40) + (6 * 18) + (1.2 * 40)) / 1000, standbyJ = ((2 * 60) + (6 * 18) + (1.2 * 40)) / 1000;
        Assert.Equal((0.75 * tailJ) + (0.25 * standbyJ), energyJ, 9);
        // One that takes longer than the bound is waited for; an answer at 40 ms is seen after unit 8.
        s_model.PathTo(0, 3, new CutCandidate(0, 0, 3), conditions, out path);
        Assert.Equal((0.75 * 44.5) + (0.25 * 51), s_model.Expected(path, conditions, 45).LatencyMs, 9);
    }

    /// <summary>The tensor is encoded before the standby exit goes on.</summary>
    [Fact]
    public void StandbyInside_EncoderOfABottleneck_DelaysTheStandby()
    {
        ModelManifest manifest = s_manifest with
        {
            Units = [.. s_manifest.Units.Select(unit => unit.Index == 3 ? unit with { OutShape = [64, 8, 8] } : unit)],
        };
        BottleneckSet set = new BottleneckSet
        {
            Model = manifest.Hash,
            Items = [TestBottlenecks.Make(manifest, 1, cut: 3)],
        }.Sealed().Checked(manifest);
        var model = new CostModel(manifest, s_edge with { EncodeMs = [10] }, s_edge.Scaled(0.1), s_samples, bottlenecks: set);
        PlanningConditions conditions = Link(0.5, 20);
        model.PathTo(0, 3, new CutCandidate(3, 1, 2), conditions, out PathCost path);
        Assert.Equal(34.5, path.StandbyMs, 9);
        Assert.Equal(1, CostModel.StandbyInside(path, conditions, 60), 6);
        Assert.Equal(0, CostModel.StandbyInside(path, conditions, 42), 6);
        Assert.Equal((0.5 * 30.5) + (0.5 * 44.5), model.Expected(path, conditions, 30.5).LatencyMs, 9);
    }
}
