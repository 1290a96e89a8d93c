using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Control.Planning;
using EdgeML.Native.Policies;
using EdgeML.Native.Telemetry;
using EdgeML.Native.Tests.Control.Costs;

namespace EdgeML.Native.Tests.Control.Controllers;

public class EdgeMLControllerTests
{
    static readonly Requirements s_bounds = new(60, double.PositiveInfinity);

    static readonly CostModel s_model =
        new(SyntheticModel.Manifest(), SyntheticModel.Edge(), SyntheticModel.Edge(0.4), SyntheticModel.Samples(500, 2));

    static EdgeMLController Controller(int seed = 1, bool learns = true) =>
        new(new ControllerContext { Model = s_model, Seed = seed, LearnsResidual = learns });

    /// <summary>A calm world: every task takes what its policy is expected to take, and is satisfied.</summary>
    sealed class World(EdgeMLController controller)
    {
        double _seconds;

        public int Decisions { get; private set; }

        public Observation Last { get; private set; }

        public ExitPolicy Step(Requirements? bounds = null, double satisfaction = 1)
        {
            Requirements required = bounds ?? s_bounds;
            PolicyEstimate expected = Decisions == 0 ? default : controller.Explanation.Expected;
            Last = new Observation
            {
                Tasks = Decisions == 0 ? 0 : 5,
                LatencyMs = Decisions == 0 ? double.NaN : expected.LatencyMs,
                EnergyJ = Decisions == 0 ? double.NaN : expected.EnergyJ,
                MeanExit = 3,
                MeanExitSatisfied = 3,
                Satisfaction = satisfaction,
                Executed = controller.Explanation.Policy,
                Requirements = required,
                TimeSeconds = _seconds,
                Link = new LinkSnapshot { Up = true, RateBitsPerSecond = 0.5e6, RttMs = 8, TailFactor = 1 },
            };
            ExitPolicy policy = controller.Next(Last);
            Decisions++;
            _seconds += 0.2;
            return policy;
        }
    }

    [Fact]
    public void Next_WithoutTheResidual_ExecutesEveryPlanAsItIs()
    {
        using EdgeMLController controller = Controller(learns: false);
        var world = new World(controller);
        for (int i = 0; i < 600; i++)
        {
            ExitPolicy policy = world.Step();
            Assert.Equal(controller.Planner.Explanation.Policy, policy);
        }
        Assert.Equal(0, controller.Moves);
        Assert.Equal(0, controller.Learning.Steps);
    }

    [Fact]
    public void Next_Learning_MovesOnlyWhereTheModelExpectsNoLoss()
    {
        using EdgeMLController controller = Controller();
        var world = new World(controller);
        int moved = 0;
        for (int i = 0; i < 1500; i++)
        {
            ExitPolicy policy = world.Step(), plan = controller.Planner.Explanation.Policy;
            bool moves = controller.Explanation.Reason is DecisionReason.Explored or DecisionReason.Learned;
            Assert.Equal(moves, policy != plan);
            Assert.Equal(policy, controller.Explanation.Policy);
            if (!moves) continue;
            moved++;
            PolicyEstimate of = s_model.Estimate(policy, controller.Planner.Conditions, s_bounds, controller.Planner.Mix);
            PolicyEstimate planned = controller.Planner.Expected;
            Assert.True(of.Goodput >= planned.Goodput - 0.0021, $"decision {i}: {of.Goodput} of {planned.Goodput}");
            Assert.True(of.Satisfaction >= planned.Satisfaction - 0.0021, $"decision {i}: {of.Satisfaction} of {planned.Satisfaction}");
            Assert.Equal(plan.Interval, policy.Interval);
            for (int exit = 0; exit < plan.Exits; exit++)
            {
                if (plan.Thresholds[exit] == 0f) Assert.Equal(0f, policy.Thresholds[exit]);
            }
        }
        Assert.Equal(moved, controller.Moves);
        Assert.InRange(moved, 10, 1400);
        Assert.True(controller.Learning.Steps > 0);
    }

    [Fact]
    public void Next_SameSeed_DecidesTheSame()
    {
        Assert.Equal(Decided(7), Decided(7));
        Assert.NotEqual(Decided(7), Decided(8));

        static ExitPolicy[] Decided(int seed)
        {
            using EdgeMLController controller = Controller(seed);
            var world = new World(controller);
            return [.. Enumerable.Range(0, 800).Select(_ => world.Step())];
        }
    }

    [Fact]
    public void Next_BoundsChange_ExecutesThePlanForThem()
    {
        using EdgeMLController controller = Controller();
        var world = new World(controller);
        for (int i = 0; i < 400; i++) world.Step();
        for (int change = 0; change < 30; change++)
        {
            ExitPolicy policy = world.Step(new Requirements(70 + (change % 2 * 30), double.PositiveInfinity));
            Assert.Equal(DecisionReason.BoundsChanged, controller.Explanation.Reason);
            Assert.Equal(controller.Planner.Explanation.Policy, policy);
        }
    }

    [Fact]
    public void Next_MovesSatisfyNothing_AreGivenUpForAWhile()
    {
        using EdgeMLController controller = Controller();
        var world = new World(controller);
        bool moved = false;
        int longest = 0, plain = 0, moves = 0;
        for (int i = 0; i < 3000 && moves < 60; i++)
        {
            ExitPolicy policy = world.Step(satisfaction: moved ? 0 : 1);
            moved = policy != controller.Planner.Explanation.Policy;
            moves += moved ? 1 : 0;
            plain = moved ? 0 : plain + 1;
            longest = Math.Max(longest, plain);
        }
        Assert.True(moves >= 15, $"{moves} moves");
        Assert.True(longest >= 49, $"at most {longest} decisions without a move");
    }

    [Fact]
    public void Next_EnergyBinds_ExecutesThePlan()
    {
        using EdgeMLController controller = Controller();
        var world = new World(controller);
        int binding = 0;
        for (int i = 0; i < 1000; i++)
        {
            ExitPolicy policy = world.Step(new Requirements(200, 0.3));
            if (controller.Planner.Expected.EnergyJ <= 0.8 * controller.Planner.Affordable.EnergyJ) continue;
            binding++;
            Assert.Equal(controller.Planner.Explanation.Policy, policy);
        }
        Assert.True(binding > 100, $"{binding} decisions under a binding bound");
    }
}
