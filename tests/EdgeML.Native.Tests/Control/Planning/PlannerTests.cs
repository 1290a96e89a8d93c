using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Estimation;
using EdgeML.Native.Control.Planning;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Policies;
using EdgeML.Native.Telemetry;
using EdgeML.Native.Tests.Control.Costs;

namespace EdgeML.Native.Tests.Control.Planning;

public class PlannerTests
{
    static CostModel Model(int sideExits) => new(SyntheticModel.Manifest(sideExits), SyntheticModel.Edge(5, sideExits),
                                                 SyntheticModel.Edge(0.5, sideExits), SyntheticModel.Samples(300, 5, sideExits: sideExits));

    static PlanningConditions Link(double mbps) =>
        PlanningConditions.From(new LinkSnapshot { Up = true, RateBitsPerSecond = mbps * 1e6, RttMs = 10, TailFactor = 1 });

    [Theory]
    [InlineData(0, 8, 60, 0.3)]
    [InlineData(1, 8, 60, 0.3)]
    [InlineData(1, 0.5, 60, 0.3)]
    [InlineData(2, 3, 40, 0.25)]
    [InlineData(2, 0.3, 80, 0.4)]
    [InlineData(3, 1.5, 50, 0.3)]
    public void Find_SmallGrid_EqualsTryingEverything(int sideExits, double mbps, double boundMs, double boundJ)
    {
        CostModel model = Model(sideExits);
        PlanningConditions conditions = Link(mbps);
        var bounds = new Requirements(boundMs, boundJ);
        var planner = new Planner(model);
        Planner.Plan found = planner.Find(conditions, bounds);
        double Worth(in ExitPolicy policy)
        {
            PolicyEstimate estimate = model.Estimate(policy, conditions, bounds);
            double tie = (estimate.LatencyMs / bounds.LatencyMs) + (estimate.EnergyJ / bounds.EnergyJ);
            return estimate.Goodput + (PlanningWeights.SatisfactionWeight * estimate.Satisfaction) - (PlanningWeights.TieWeight * tie);
        }
        double best = double.NegativeInfinity;
        for (int point = 0; point < model.Grid.Count; point++)
        {
            foreach (int cut in model.CandidateCuts) best = Math.Max(best, Worth(new ExitPolicy(model.Grid.Thresholds(point), cut)));
        }
        // Single precision against double: no plan of the grid is better, and the score is what the cost model says of the plan.
        Assert.Equal(best, Worth(planner.Policy(found, 1)), 1e-5);
        Assert.Equal(best, found.Score, 1e-5);
        Assert.False(found.LeastViolation);
        Assert.Equal(found.Score, planner.Score(found, conditions, bounds), 1e-5f);
    }

    [Fact]
    public void Find_LinkDown_StaysLocal()
    {
        CostModel model = Model(3);
        var conditions = PlanningConditions.From(default);
        Assert.Equal(model.LocalCut, new Planner(model).Find(conditions, new Requirements(60, 0.3)).Cut);
    }

    [Fact]
    public void Find_EqualPlans_TakesTheCheaper()
    {
        // Everything is right at once, so later exits only cost.
        int exits = 4;
        float[] entropies = [.. Enumerable.Repeat(0.01f, 100 * exits)];
        bool[] right = [.. Enumerable.Repeat(true, 100 * exits)];
        var sure = new ExitCalibration(exits, entropies, right, "sure", true);
        var model = new CostModel(SyntheticModel.Manifest(), SyntheticModel.Edge(), SyntheticModel.Edge(5), sure);
        var planner = new Planner(model);
        ExitPolicy policy = planner.Policy(planner.Find(Link(0.1), new Requirements(1000, 10)), 1);
        Assert.True(policy.Thresholds[0] > 0.01f, policy.ToString());
        Assert.True(policy.Cut >= model.Manifest.Exits[0].AfterUnit, policy.ToString());
    }

    [Fact]
    public void Find_BoundsNobodyMeets_TakesTheLeastViolation()
    {
        CostModel model = Model(3);
        var planner = new Planner(model);
        PlanningConditions slow = Link(0.05);
        Planner.Plan plan = planner.Find(slow, new Requirements(1, 0.001));
        Assert.True(plan.LeastViolation);
        // The first exit on the edge is the quickest answer over a link this slow.
        PolicyEstimate estimate = model.Estimate(planner.Policy(plan, 1), slow, Requirements.None);
        PolicyEstimate quickest = model.Estimate(new ExitPolicy([1f, 0f, 0f], model.LocalCut), slow, Requirements.None);
        Assert.InRange(estimate.LatencyMs, 0, quickest.LatencyMs * 1.01);
    }

    [Fact]
    public void LeastViolation_LinkTooSlowForTheBound_CountsWhatLateAnswersCost()
    {
        // Sent at the first cut, an input would cost the edge next to nothing, if only the answer came in time.
        var model = new CostModel(SyntheticModel.Manifest(), SyntheticModel.Edge(), SyntheticModel.Edge(0.5),
            SyntheticModel.Samples(300, 5),
                                  new PowerModel(0, 8, 0));
        var planner = new Planner(model, model.Compact);
        PlanningConditions slow = Link(0.5);
        var bounds = new Requirements(60, 0.01);
        Assert.NotEqual(model.LocalCut, planner.LeastViolation(slow, bounds).Cut);
        var predictor = new LatencyPredictor(model);
        for (int i = 0; i < 50; i++) predictor.Rates.Observe(0.5e6, i * 0.1);
        predictor.Refresh(5);
        slow.Predictor = predictor;
        Planner.Plan plan = planner.LeastViolation(slow, bounds);
        Assert.Equal(0, planner.ShareSent(plan));
        Assert.Equal(1f, planner.Policy(plan, 1).Thresholds[0]);
    }

    [Theory]
    [InlineData(0.1)]
    [InlineData(1.5)]
    [InlineData(20)]
    public void Find_UnderAPredictor_ScoresLikeTryingEveryPlan(double mbps)
    {
        CostModel model = Model(3);
        PlanningConditions conditions = Link(mbps);
        var predictor = new LatencyPredictor(model);
        for (int i = 0; i < 50; i++) predictor.Rates.Observe(mbps * 1e6 * (1 + (0.3 * (i % 3))), i * 0.1);
        predictor.Refresh(5);
        conditions.Predictor = predictor;
        var bounds = new Requirements(60, 0.3);
        foreach (ThresholdGrid grid in (ThresholdGrid[])[model.Grid, model.Compact])
        {
            var planner = new Planner(model, grid);
            Planner.Plan found = planner.Find(conditions, bounds);
            float best = float.NegativeInfinity;
            for (int point = 0; point < grid.Count; point++)
            {
                foreach (int cut in model.CandidateCuts)
                    best = Math.Max(best, planner.Score(new Planner.Plan(point, new CutCandidate(cut, 0), 0, false), conditions, bounds));
            }
            Assert.Equal(best, found.Score, 1e-5f);
            // What a plan is expected to bring is what the samples say.
            PolicyEstimate estimate = planner.Estimate(found, conditions, bounds);
            PolicyEstimate counted = model.Estimate(planner.Policy(found, 1), conditions, bounds);
            Assert.Equal(counted.Accuracy, estimate.Accuracy, 1e-4);
            Assert.Equal(counted.Goodput, estimate.Goodput, 1e-4);
            Assert.Equal(counted.EnergyJ, estimate.EnergyJ, 1e-4);
        }
    }

    [Fact]
    public void Find_ManySideExits_HoldsBoundsWithoutTheFullGrid()
    {
        CostModel model = Model(6);
        Assert.InRange(model.Grid.Count, 12, 2000);
        var planner = new Planner(model);
        var bounds = new Requirements(45, 0.4);
        ExitPolicy policy = planner.Policy(planner.Find(Link(0.2), bounds), 1);
        PolicyEstimate estimate = model.Estimate(policy, Link(0.2), bounds);
        Assert.True(estimate.Satisfaction > 0.9, $"{policy}: {estimate.Satisfaction}");
    }
}
