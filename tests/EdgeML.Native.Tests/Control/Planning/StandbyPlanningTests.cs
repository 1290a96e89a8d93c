using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Planning;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Policies;
using EdgeML.Native.Telemetry;
using EdgeML.Native.Tests.Control.Costs;

namespace EdgeML.Native.Tests.Control.Planning;

/// <summary>When plans let an exit stand by, and which one.</summary>
public class StandbyPlanningTests(ITestOutputHelper output)
{
    const float LeastGain = PlanningWeights.LeastGain;
    const double LeastStandby = PlanningWeights.LeastStandby, LeastHope = PlanningWeights.LeastHope;

    /// <summary>By how much a plan found may miss the best one where energy is bounded: candidates are then passed over by an
    /// estimate.</summary>
    const float MissedAtMost = 1e-3f;

    static readonly CostModel s_model = Model(SyntheticModel.Samples(300, 5));

    static CostModel Model(ExitCalibration samples, double unitMs = 5, double tailMs = 0.4, AccuracyGuarantee? guarantee = null) =>
        new(SyntheticModel.Manifest(), SyntheticModel.Edge(unitMs), SyntheticModel.Edge(tailMs), samples, guarantee: guarantee);

    static PlanningConditions Link(InTimePredictor? predictor, double mbps = 8)
    {
        var conditions = PlanningConditions.From(
            new LinkSnapshot { Up = true, RateBitsPerSecond = mbps * 1e6, RttMs = 8, TailFactor = 1 });
        conditions.Predictor = predictor;
        return conditions;
    }

    static Planner PlannerOf(CostModel model, bool standby, ThresholdGrid? grid = null) =>
        new(model, grid ?? model.Compact) { UsesStandby = standby };

    /// <summary>An edge that needs 110 ms for the whole network and 18 for its first exit, a link that takes its chance.</summary>
    static Planner.Plan Plan(InTimePredictor? predictor, CostModel? model = null, double boundMs = 60, bool standby = true, bool up = true)
    {
        PlanningConditions conditions = Link(predictor);
        conditions.LinkUp = up;
        return PlannerOf(model ?? s_model, standby).Find(conditions, new Requirements(boundMs, double.PositiveInfinity));
    }

    [Fact]
    public void Find_TailInTimeFourTimesOfFive_LetsAnExitStandBy()
    {
        var predictor = KnownPredictor.Chance(0.8, 20);
        Planner.Plan plan = Plan(predictor), without = Plan(predictor, standby: false);
        Assert.InRange(plan.Candidate.Standby, 1, 3);
        Assert.Equal(0, without.Candidate.Standby);
        Assert.True(plan.Cut < s_model.LocalCut);
        PlanningConditions conditions = Link(predictor);
        var bounds = new Requirements(60, double.PositiveInfinity);
        var planner = PlannerOf(s_model, standby: true);
        PolicyEstimate doubled = planner.Estimate(plan, conditions, bounds), single = planner.Estimate(without, conditions, bounds);
        Assert.True(doubled.Goodput > single.Goodput + 0.02, $"{doubled.Goodput} and {single.Goodput} without");
        ExitPolicy policy = planner.Policy(plan, 3);
        Assert.Equal((plan.Candidate.Standby, plan.Cut, 3), (policy.Standby, policy.Cut, policy.Interval));
        HedgeSchedule.Check(policy, s_model.Manifest);
    }

    [Theory]
    [InlineData(1.0)]
    [InlineData(0.998)]
    [InlineData(0.1)]
    [InlineData(0.0)]
    public void Find_TailSureOrTooLate_LetsNothingStandBy(double chance) =>
        Assert.Equal(0, Plan(KnownPredictor.Chance(chance, 20)).Candidate.Standby);

    [Fact]
    public void Find_ChancesNotKnown_LetsNothingStandBy() => Assert.Equal(0, Plan(null).Candidate.Standby);

    [Fact]
    public void Find_LinkDown_StaysLocalWithNothingStandingBy()
    {
        Planner.Plan plan = Plan(KnownPredictor.Chance(0.8, 20), up: false);
        Assert.Equal((s_model.LocalCut, 0), (plan.Cut, plan.Candidate.Standby));
    }

    [Fact]
    public void Find_NoExitReadyInTime_LetsNothingStandBy()
    {
        // The first exit needs 18 ms, a hundredth of the bound is kept back.
        Assert.Equal(0, Plan(KnownPredictor.Chance(0.8, 2), boundMs: 18.2).Candidate.Standby);
        Assert.Equal(1, Plan(KnownPredictor.Chance(0.8, 2), boundMs: 20).Candidate.Standby);
    }

    [Fact]
    public void Find_UnderAGuarantee_LetsNothingStandBy()
    {
        CostModel guaranteed = Model(SyntheticModel.Samples(300, 5), guarantee: SyntheticModel.Guarantee(1f));
        Assert.Equal((true, false), (s_model.AllowsStandby, guaranteed.AllowsStandby));
        var predictor = KnownPredictor.Chance(0.8, 20);
        Planner.Plan plan = Plan(predictor, guaranteed);
        Assert.Equal(0, plan.Candidate.Standby);
        var planner = PlannerOf(guaranteed, standby: true);
        var bounds = new Requirements(60, double.PositiveInfinity);
        Assert.Equal(0, planner.WithStandby(plan, Link(predictor), bounds).Candidate.Standby);
        // Limits of 1 bind nothing else.
        Assert.Equal(Plan(predictor, standby: false).Score, plan.Score, 1e-6f);
    }

    [Fact]
    public void Find_NotAsked_LetsNothingStandBy() =>
        Assert.Equal(0, Plan(KnownPredictor.Chance(0.8, 20), standby: false).Candidate.Standby);

    [Theory]
    [InlineData(0.8, 20, 60, double.PositiveInfinity)]
    [InlineData(0.8, 20, 60, 0.3)]
    [InlineData(0.5, 30, 45, 0.35)]
    [InlineData(0.95, 10, 80, 0.25)]
    [InlineData(0.3, 25, 40, double.PositiveInfinity)]
    [InlineData(0.25, 25, 100, 0.5)]
    public void Find_AnyChance_EqualsTryingEveryPlanAndStandby(double chance, double sendMs, double boundMs, double boundJ)
    {
        PlanningConditions conditions = Link(KnownPredictor.Chance(chance, sendMs));
        var bounds = new Requirements(boundMs, boundJ);
        foreach (ThresholdGrid grid in (ThresholdGrid[])[s_model.Grid, s_model.Compact]) AssertBest(s_model, grid, conditions, bounds, "");
    }

    [Fact]
    public void Find_RandomWorlds_IsTheBestOfAllAndNeverWorseThanWithoutStandby()
    {
        const int worlds = 60, seed = 11;
        int doubled = 0;
        for (int world = 0; world < worlds; world++)
        {
            var random = new Random((seed * 1000) + world);
            double Between(double low, double high) => low + ((high - low) * random.NextDouble());
            CostModel model = Model(
                SyntheticModel.Samples(200, random.Next(1000), Between(0, 0.3), Between(0.5, 1)), Between(2, 8), Between(0.2, 2));
            var predictor = KnownPredictor.Exponential(Between(0.0001, 0.003));
            (predictor.EdgeSpread, predictor.RemoteSpreadMs) = (Between(0, 0.2), Between(0, 5));
            PlanningConditions conditions = Link(predictor);
            var bounds = new Requirements(Between(20, 120), random.Next(2) == 0 ? double.PositiveInfinity : Between(0.1, 0.8));
            string said = $"seed {seed}, world {world}: {bounds}";
            output.WriteLine(said);
            Planner.Plan found = AssertBest(model, model.Compact, conditions, bounds, said);
            Planner.Plan without = PlannerOf(model, standby: false).Find(conditions, bounds);
            var planner = PlannerOf(model, standby: true);
            float score = planner.Score(found, conditions, bounds), single = planner.Score(without, conditions, bounds);
            Assert.True(score >= single - 1e-5f, $"{said}: {found} scores {score}, {without} {single}");
            if (found.Candidate.Standby == 0) continue;
            doubled++;
            HedgeSchedule.Check(planner.Policy(found, 1), model.Manifest);
        }
        output.WriteLine($"{doubled} of {worlds} plans have an exit standing by");
        Assert.InRange(doubled, 5, worlds - 5);
    }

    /// <summary>Finds a plan, and fails unless no other one scores better.</summary>
    static Planner.Plan AssertBest(CostModel model, ThresholdGrid grid, PlanningConditions conditions, Requirements bounds, string said)
    {
        var planner = PlannerOf(model, standby: true, grid);
        Planner.Plan found = planner.Find(conditions, bounds);
        float best = float.NegativeInfinity;
        foreach (CutCandidate candidate in model.Candidates)
        {
            for (int standby = 0; standby <= 3; standby++)
            {
                CutCandidate doubled = candidate with { Standby = standby };
                if (standby > 0 && (candidate.Cut == model.LocalCut || !MayHelp(model, doubled, conditions, bounds))) continue;
                for (int point = 0; point < grid.Count; point++)
                {
                    if (standby > 0 && !model.CanStandBy(doubled, model.Heads(grid.Thresholds(point)))) continue;
                    best = Math.Max(best, planner.Score(new Planner.Plan(point, doubled, 0, false), conditions, bounds));
                }
            }
        }
        if (found.LeastViolation) Assert.True(best < 0.02f, $"{said}: {found}, but one scores {best}");
        else Assert.InRange(best - found.Score, -1e-5f, double.IsPositiveInfinity(bounds.EnergyJ) ? 1e-5f : MissedAtMost);
        if (found.LeastViolation) return found;
        // What it says of the plan is what the cost model says.
        float own = planner.Score(found, conditions, bounds);
        Assert.True(Math.Abs(own - found.Score) < 1e-5f, $"{said}: {found} scores {own}");
        return found;
    }

    static bool MayHelp(CostModel model, CutCandidate candidate, in PlanningConditions conditions, in Requirements bounds)
    {
        model.PathTo(0, model.Exits - 1, candidate, conditions, out PathCost path);
        double inside = CostModel.Inside(path, conditions, bounds.LatencyMs);
        return inside > LeastHope && inside < 1 - LeastStandby
            && CostModel.StandbyInside(path, conditions, bounds.LatencyMs) > LeastStandby;
    }

    [Theory]
    [InlineData(0.8, 60)]
    [InlineData(0.4, 45)]
    public void Score_Standby_IsWorthWhatTheEstimateSays(double chance, double boundMs)
    {
        PlanningConditions conditions = Link(KnownPredictor.Chance(chance, 20));
        var bounds = new Requirements(boundMs, double.PositiveInfinity);
        var planner = PlannerOf(s_model, standby: true, s_model.Grid);
        for (int standby = 0; standby <= 3; standby++)
        {
            var plan = new Planner.Plan(s_model.Grid.Count / 3, new CutCandidate(0, 0, standby), 0, false);
            PolicyEstimate estimate = planner.Estimate(plan, conditions, bounds);
            double worth = estimate.Goodput + (PlanningWeights.SatisfactionWeight * estimate.Satisfaction);
            // A standby exit must bring something, and a late request behind one costs a fifth; ties are decided by less than a hundredth.
            double late = standby > 0 ? LeastGain + (0.2 * (1 - chance)) : 0;
            Assert.InRange(worth - late - planner.Score(plan, conditions, bounds), 0, 0.01);
        }
    }

    [Theory]
    [InlineData(0.15, false)]
    [InlineData(0.3, true)]
    public void WithStandby_TailHardlyEverInTime_LeavesThePlanAlone(double chance, bool covers)
    {
        PlanningConditions conditions = Link(KnownPredictor.Chance(chance, 20));
        var bounds = new Requirements(60, double.PositiveInfinity);
        var planner = PlannerOf(s_model, standby: true);
        Planner.Plan plain = planner.WithoutExits(conditions, bounds);
        Assert.Equal(covers, planner.WithStandby(plain, conditions, bounds).Candidate.Standby > 0);
    }

    [Fact]
    public void WithStandby_PlanThatSends_GetsTheExitUnderWhichItScoresBest()
    {
        PlanningConditions conditions = Link(KnownPredictor.Chance(0.7, 20));
        var bounds = new Requirements(60, double.PositiveInfinity);
        var planner = PlannerOf(s_model, standby: true);
        Planner.Plan plain = planner.WithoutExits(conditions, bounds);
        Planner.Plan covered = planner.WithStandby(plain, conditions, bounds);
        float best = plain.Score;
        for (int standby = 1; standby <= 3; standby++)
        {
            CutCandidate doubled = plain.Candidate with { Standby = standby };
            if (!s_model.CanStandBy(doubled, 0)) continue;
            best = Math.Max(best, planner.Score(plain with { Candidate = doubled }, conditions, bounds));
        }
        Assert.True(covered.Candidate.Standby > 0);
        Assert.Equal(best, covered.Score, 1e-6f);
        Assert.Equal((plain.Point, plain.Cut), (covered.Point, covered.Cut));
        conditions.Predictor = KnownPredictor.Chance(1, 20);
        Planner.Plan sure = planner.WithoutExits(conditions, bounds);
        Assert.Equal(sure, planner.WithStandby(sure, conditions, bounds));
    }
}
