using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Control.Planning;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Policies;
using EdgeML.Simulation.Baselines;
using EdgeML.Simulation.Scenarios;
using EdgeML.Simulation.Worlds;

namespace EdgeML.Simulation.Tests.Scenarios;

public class ScenarioNeedsControlTests(ShippedModel shipped, ITestOutputHelper output) : IClassFixture<ShippedModel>
{
    const int Tasks = 240;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void Scenario_OfDemo_IsMetByTheOracleAndByNoFixedPolicy(int seed) => HoldsFor(
        seed, shipped.Manifest, shipped.Machine, shipped.PayloadBytes, shipped.Calibration,
            shipped.Record($"shapes:seed={seed},difficulty=drift", Tasks));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Scenario_OnWeakerExits_IsMetByTheOracleAndByNoFixedPolicy(int seed) => HoldsFor(
        seed, ShapesLikeModel.Manifest, ShapesLikeModel.Machine, ShapesLikeModel.PayloadBytes, ShapesLikeModel.Samples(1000, 99),
            ShapesLikeModel.Samples(Tasks, seed));

    void HoldsFor(int seed, ModelManifest manifest, DeviceProfile machine, long[] payload, ExitCalibration calibration,
        ExitCalibration inputs)
    {
        var builder = new DemoScenarioBuilder(manifest, machine, payload);
        DemoScenario scenario = builder.Build(Tasks, (ulong)seed);
        VirtualWorld world = ScenarioWorld.Of(scenario, manifest, builder.Edge, machine, inputs, payload);
        var edge = new VirtualEdge(world);
        var grid = new FixedPolicyGrid(world);
        var none = new float[manifest.SideExits];
        output.WriteLine(
            $"seed {seed}: edge {builder.EdgeSlowdown:0.0}x slower, {builder.Bounds}, saving {builder.SavingBounds}, busy tail "
            + $"{builder.BusyTailFactor:0}x");
        foreach (ScenarioPhase phase in scenario.Phases) output.WriteLine($"  {phase}");
        output.WriteLine($"  {grid.Description}");
        foreach (var (policy, goodput, satisfaction) in grid.Best(3))
            output.WriteLine($"  {policy}: goodput {goodput:0.000}, satisfied {satisfaction:0.000}");

        VirtualRun oracle = Run("oracle", new OracleController(world, edge.Truth));
        VirtualRun edgeOnly = Run("edge-only", Fixed(new ExitPolicy(none, manifest.LocalCut, ControlIntervals.MaxInterval)));
        VirtualRun tailOnly = Run("tail-only", Fixed(new ExitPolicy(none, 0, ControlIntervals.MaxInterval)));
        VirtualRun bestFixed = Run("best-fixed", Fixed(grid.Best(1)[0].Policy));
        Run("planner", BaselineControllers.Create(PolicyControllers.Planner, Context()));
        Run("edgeml", BaselineControllers.Create(PolicyControllers.EdgeML, Context()));

        Assert.True(oracle.Satisfaction >= 0.95, $"oracle {oracle.Satisfaction}");
        Assert.All([edgeOnly, tailOnly, bestFixed], run => Assert.True(run.Satisfaction <= 0.80, $"{run.Satisfaction}"));

        VirtualRun Run(string name, IPolicyController controller)
        {
            VirtualRun run = edge.Run(controller);
            string recovery = string.Join(' ', scenario.BoundsChanges.Select(run.TasksUntilMet));
            string phases =
                string.Join(' ', scenario.Phases.Select(phase => run.SatisfactionOf(phase.FirstTask, phase.End).ToString("0.00")));
            output.WriteLine(
                $"  {name,-10} satisfied {run.Satisfaction:0.000} goodput {run.Goodput:0.000} accuracy {run.Accuracy:0.000}, "
                + $"{run.LatencyMs:0.0} ms, {run.EnergyJ:0.000} J, met again after {recovery}; by phase {phases}");
            return run;
        }

        ControllerContext Context(ExitPolicy? policy = null) => new()
        {
            Model = new CostModel(manifest, builder.Edge, machine, calibration, builder.Edge.Power, payload),
            FixedPolicy = policy,
            Seed = seed,
        };

        IPolicyController Fixed(ExitPolicy policy) => BaselineControllers.Create(PolicyControllers.Fixed, Context(policy));
    }
}
