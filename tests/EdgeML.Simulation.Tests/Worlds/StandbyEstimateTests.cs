using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Control.Costs;
using EdgeML.Native.Policies;
using EdgeML.Native.Telemetry;
using EdgeML.Native.Tests.Control.Costs;
using EdgeML.Simulation.Baselines;
using EdgeML.Simulation.Worlds;

namespace EdgeML.Simulation.Tests.Worlds;

/// <summary>What the cost model expects of a standby exit, against what tasks over such a link really bring.</summary>
public class StandbyEstimateTests(ITestOutputHelper output)
{
    const double DeadlineMs = 60, RttMs = 6;

    /// <summary>Every task finds a link of its own, whose milliseconds per byte are exponentially distributed.</summary>
    [Theory]
    [InlineData(0, 0, 0.0006, 1)]
    [InlineData(0, 1, 0.0006, 1)]
    [InlineData(0, 3, 0.0006, 1)]
    [InlineData(3, 2, 0.001, 1)]
    [InlineData(0, 1, 0.0006, 2.5)]
    public void Estimate_LinkOfKnownChances_IsWhatTasksBring(int cut, int standby, double msPerByte, double slowdown)
    {
        const int tasks = 3000, seed = 3;
        var random = new Random(seed);
        double[] rates = [.. Enumerable.Range(0, tasks).Select(_ => 8000 / (msPerByte * -Math.Log(1 - random.NextDouble())))];
        var world = new VirtualWorld
        {
            Manifest = SyntheticModel.Manifest(),
            Edge = SyntheticModel.Edge(5 * slowdown),
            Tail = SyntheticModel.Edge(0.4),
            Samples = SyntheticModel.Samples(1000, seed: 4),
            Link = (_, task) => new VirtualLink(rates[task], RttMs),
            Bounds = (_, _) => new Requirements(DeadlineMs, double.PositiveInfinity),
            Tasks = tasks,
            DeadlineMs = DeadlineMs,
        };
        var policy = new ExitPolicy([0f, 0f, 0f], cut, standby: standby);
        CostModel model = world.TrueModel();
        VirtualRun run = new VirtualEdge(world).Run(
            BaselineControllers.Create(PolicyControllers.Fixed, new ControllerContext { Model = model, FixedPolicy = policy }));
        // Behind a late answer nothing is sent.
        int[] sent = [.. Enumerable.Range(0, tasks).Where(task => run.Records[task].WireMs > 0)];
        double offloaded = sent.Average(task => run.Records[task].Offloaded ? 1.0 : 0);
        double goodput = sent.Average(task => run.Correct[task] && run.Records[task].LatencyMs <= DeadlineMs ? 1.0 : 0);
        double joules = sent.Average(task => run.Records[task].EnergyJ);
        var conditions = PlanningConditions.From(new LinkSnapshot { Up = true, RateBitsPerSecond = 8000 / msPerByte, RttMs = RttMs });
        conditions.Predictor = KnownPredictor.Exponential(msPerByte);
        PolicyEstimate estimate = model.Estimate(policy, conditions, new Requirements(DeadlineMs, double.PositiveInfinity));
        model.PathTo(0, 3, new CutCandidate(cut, 0, standby), conditions, out PathCost path);
        double inside = CostModel.Inside(path, conditions, DeadlineMs);
        string said = $"{sent.Length} sent, tail in time {offloaded:0.000} (expected {inside:0.000}), "
            + $"goodput {goodput:0.000} ({estimate.Goodput:0.000}), {joules:0.000} J ({estimate.EnergyJ:0.000})";
        output.WriteLine(said);
        Assert.True(Math.Abs(offloaded - inside) < 0.025, said);
        Assert.True(Math.Abs(goodput - estimate.Goodput) < 0.02, said);
        Assert.True(Math.Abs(joules - estimate.EnergyJ) < 0.15 * joules, said);
    }
}
