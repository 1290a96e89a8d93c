using EdgeML.Native.Control;
using EdgeML.Native.Inference;
using EdgeML.Native.Lab.Scenarios;
using EdgeML.Native.Lab.Simulation;
using EdgeML.Native.Models;
using Xunit.Abstractions;

namespace EdgeML.Native.Lab.Tests.Scenarios;

public class ScenarioNeedsControlTests(ITestOutputHelper output)
{
    const int Tasks = 480;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void Scenario_OfDemo_IsMetByTheOracleAndByNoFixedPolicy(int seed)
    {
        var builder = new DemoScenarioBuilder(ShapesLikeModel.Manifest, ShapesLikeModel.Machine, ShapesLikeModel.PayloadBytes);
        DemoScenario scenario = builder.Build(Tasks, (ulong)seed);
        VirtualWorld world = ScenarioWorld.Of(scenario, ShapesLikeModel.Manifest, builder.Edge, ShapesLikeModel.Machine, ShapesLikeModel.Samples(Tasks, seed), ShapesLikeModel.PayloadBytes);
        var edge = new VirtualEdge(world);
        var grid = new FixedPolicyGrid(world);
        var none = new float[ShapesLikeModel.Manifest.SideExits];
        int local = ShapesLikeModel.Manifest.LocalCut;
        output.WriteLine($"seed {seed}: edge {builder.EdgeSlowdown:0.0}x slower, {builder.Bounds}, saving {builder.SavingBounds}, busy tail {builder.BusyTailFactor:0}x");
        foreach (ScenarioPhase phase in scenario.Phases) output.WriteLine($"  {phase}");
        foreach (var (policy, goodput, satisfaction) in grid.Best(3)) output.WriteLine($"  grid: {policy}: goodput {goodput:0.000}, satisfied {satisfaction:0.000}");

        VirtualRun oracle = Run("oracle", new OracleController(world, edge.Truth));
        VirtualRun edgeOnly = Run("edge-only", Fixed(new ExitPolicy(none, local, ControlLoop.MaxInterval)));
        VirtualRun tailOnly = Run("tail-only", Fixed(new ExitPolicy(none, 0, ControlLoop.MaxInterval)));
        VirtualRun bestFixed = Run("best-fixed", Fixed(grid.Best(1)[0].Policy));
        Run("planner", PolicyControllers.Create(PolicyControllers.Planner, Context()));

        Assert.True(oracle.Satisfaction >= 0.95, $"oracle {oracle.Satisfaction}");
        Assert.All([edgeOnly, tailOnly, bestFixed], run => Assert.True(run.Satisfaction <= 0.80, $"{run.Satisfaction}"));

        VirtualRun Run(string name, IPolicyController controller)
        {
            VirtualRun run = edge.Run(controller);
            string recovery = string.Join(' ', scenario.BoundsChanges.Select(run.TasksUntilMet));
            output.WriteLine($"  {name,-12} satisfied {run.Satisfaction:0.000} goodput {run.Goodput:0.000} accuracy {run.Accuracy:0.000} latency {run.LatencyMs:0.0} ms, {run.EnergyJ:0.000} J, met again after {recovery}; by phase {string.Join(' ', scenario.Phases.Select(p => run.SatisfactionOf(p.FirstTask, p.End).ToString("0.00")))}");
            return run;
        }

        ControllerContext Context(ExitPolicy? policy = null) => new()
        {
            Model = new CostModel(ShapesLikeModel.Manifest, builder.Edge, ShapesLikeModel.Machine, ShapesLikeModel.Samples(1000, 99), builder.Edge.Power, ShapesLikeModel.PayloadBytes),
            FixedPolicy = policy,
            Seed = seed,
        };

        IPolicyController Fixed(ExitPolicy policy) => PolicyControllers.Create(PolicyControllers.Fixed, Context(policy));
    }
}
