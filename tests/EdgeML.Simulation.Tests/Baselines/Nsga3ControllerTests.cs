using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Control.Planning;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Policies;
using EdgeML.Native.Telemetry;
using EdgeML.Native.Tests.Control.Controllers;
using EdgeML.Simulation.Baselines;

namespace EdgeML.Simulation.Tests.Baselines;

public class Nsga3ControllerTests
{
    static readonly CostModel s_model = TinyWorld.Model();

    [Theory]
    [InlineData(15, 1)]
    [InlineData(4, 2)]
    [InlineData(1, 3)]
    public void Model_FirstDecision_IsOnTheParetoFrontAndNearTheMostAccurateInside(double mbps, int seed)
    {
        var link = new LinkSnapshot { Up = true, RateBitsPerSecond = mbps * 1e6, RttMs = 8, TailFactor = 1 };
        var bounds = new Requirements(60, 0.3);
        using var controller = new ModelNsga3Controller(new ControllerContext { Model = s_model, Seed = seed });
        ExitPolicy policy = controller.Next(new Observation { Link = link, Requirements = bounds });
        PlanningConditions conditions = PlanningConditions.From(link);
        PolicyEstimate chosen = s_model.Estimate(policy, conditions, bounds);
        Assert.InRange(chosen.LatencyMs, 0, 0.9 * bounds.LatencyMs);
        Assert.InRange(chosen.EnergyJ, 0, 0.9 * bounds.EnergyJ);
        double best = 0;
        foreach (int cut in s_model.CandidateCuts)
        {
            for (int point = 0; point < s_model.Grid.Count; point++)
            {
                PolicyEstimate other = s_model.Estimate(new ExitPolicy(s_model.Grid.Thresholds(point), cut), conditions, bounds);
                if (other.LatencyMs < 0.9 * bounds.LatencyMs && other.EnergyJ < 0.9 * bounds.EnergyJ) best = Math.Max(best, other.Accuracy);
                bool dominates = other.LatencyMs < chosen.LatencyMs * 0.93 && other.EnergyJ < chosen.EnergyJ * 0.93
                                 && other.Accuracy > chosen.Accuracy + 0.015;
                Assert.False(dominates, $"{policy} is dominated by cut {cut}, point {point}");
            }
        }
        // 28 members share the whole front: between two of them lies a step of accuracy.
        Assert.True(chosen.Accuracy > best - 0.06, $"seed {seed}, {mbps} Mbps: {chosen.Accuracy:0.000}, the grid's best {best:0.000}");
    }

    [Fact]
    public void Model_LinkLost_StaysOnTheEdge()
    {
        using var controller = new ModelNsga3Controller(new ControllerContext { Model = s_model });
        var link = new LinkSnapshot { Up = true, RateBitsPerSecond = 40e6, RttMs = 4, TailFactor = 1 };
        var seen = new Observation { Link = link, Requirements = new(30, 0.15) };
        Assert.True(controller.Next(seen).Cut < s_model.LocalCut);
        seen.Link.Up = false;
        Assert.Equal(s_model.LocalCut, controller.Next(seen).Cut);
        Assert.Equal(DecisionReason.LinkDown, controller.Explanation.Reason);
    }

    [Fact]
    public void Measured_Generations_AlternateWithRests()
    {
        using var controller = new MeasuredNsga3Controller(new ControllerContext { Model = s_model });
        var world = new TinyWorld(s_model);
        world.SetLink(0);
        var seen = new Observation { Requirements = world.Bounds };
        var explored = new List<bool>();
        for (int interval = 0; interval < 200; interval++)
        {
            ExitPolicy policy = controller.Next(seen);
            explored.Add(controller.Explanation.Reason != DecisionReason.Learned);
            for (int task = 0; task < policy.Interval; task++) controller.Completed(world.Execute(task, policy));
        }
        // 15 candidates and as many rests, then 18 (three old members again) and 18.
        Assert.All(explored[..15], Assert.True);
        Assert.All(explored[15..30], Assert.False);
        Assert.All(explored[30..48], Assert.True);
        Assert.All(explored[48..66], Assert.False);
        Assert.All(explored[66..84], Assert.True);
        Assert.InRange(controller.Evaluations, 95, 105);
    }

    [Fact]
    public void Measured_LinkDrops_OnlyTheFreshOneRecovers()
    {
        double Late(string name)
        {
            double kept = 0;
            for (int seed = 1; seed <= 5; seed++)
            {
                var world = new TinyWorld(s_model, seed) { Period = 3000, LowMbps = 1 };
                world.Run(BaselineControllers.Create(name, new ControllerContext { Model = s_model, Seed = seed }), 6000);
                kept += world.Satisfied.Skip(4500).Count(satisfied => satisfied) / 1500.0 / 5;
            }
            return kept;
        }
        (double fresh, double stale) = (Late(BaselineControllers.Nsga3), Late(BaselineControllers.Nsga3Stale));
        Assert.True(fresh > stale, $"satisfaction long after the drop: measured again {fresh:0.000}, never {stale:0.000}");
    }
}
