using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Policies;
using EdgeML.Native.Tests.Control.Costs;
using EdgeML.Simulation.Replay;
using EdgeML.Simulation.Worlds;

namespace EdgeML.Simulation.Tests.Replay;

public class ReplayRandomTests
{
    [Theory]
    [InlineData("ddpg")]
    [InlineData("edgeml")]
    [InlineData("planner")]
    [InlineData("oracle")]
    public void Run_SameSeed_SameRunAndAnotherSeedAnother(string controller)
    {
        ReplayScenario scenario = TinyReplay.Scenario(400, 0, 1, new Requirements(60, 0.4), "square:8,1,tasks=50") with
        {
            ComputeJitter = 0.05,
            RttJitterMs = 2,
            Mismatch = 0.15,
            Power = new PowerModel(2, 8, 1),
        };
        ReplayResult first = TinyReplay.Run(scenario, controller, seed: 3), again = TinyReplay.Run(scenario with { }, controller, seed: 3);
        Assert.Equal(first.Run.Records.Select(record => (record.LatencyMs, record.Policy)),
            again.Run.Records.Select(record => (record.LatencyMs, record.Policy)));
        Assert.Equal(first.Metrics, again.Metrics);
        Assert.NotEqual(first.Metrics, TinyReplay.Run(scenario, controller, seed: 4).Metrics);
    }

    [Fact]
    public void Run_ControllerOfTheCallersOwn_RunsAsByItsName()
    {
        ReplayScenario scenario = TinyReplay.Scenario(400, 0, 1, new Requirements(60, 0.4), "square:8,1,tasks=50");
        ReplayResult named = TinyReplay.Run(scenario, PolicyControllers.Ddpg, seed: 3);
        ReplayResult own = ReplayRunner.Run(scenario, context => PolicyControllers.Create(PolicyControllers.Ddpg, context), seed: 3);
        Assert.Equal(PolicyControllers.Ddpg, own.Controller);
        Assert.Equal(named.Metrics, own.Metrics);
        Assert.Equal(named.Run.Records.Select(record => (record.LatencyMs, record.Policy)),
            own.Run.Records.Select(record => (record.LatencyMs, record.Policy)));
    }

    [Fact]
    public void Run_ComputeJitter_HasTheMeanAndSpreadItWasGiven()
    {
        ReplayResult result = TinyReplay.Run(TinyReplay.Scenario(5000, 0, 2) with { ComputeJitter = 0.05 });
        double mean = result.Metrics.MeanLatencyMs;
        double deviation = Math.Sqrt(result.Run.Records.Average(record => Math.Pow(record.LatencyMs - mean, 2)));
        Assert.InRange(mean, 49.8, 50.2);
        Assert.InRange(deviation, 2.3, 2.6);
    }

    [Fact]
    public void Run_RttJitter_MovesTheWireOnly()
    {
        ReplayResult result = TinyReplay.Run(TinyReplay.Scenario(5000, 0, 1) with { RttJitterMs = 2 });
        double[] rtts = [.. result.Run.Records.Select(record => record.WireMs - (TinyReplay.TensorBytes / 1000))];
        double mean = rtts.Average();
        Assert.InRange(mean, 9.9, 10.1);
        Assert.InRange(Math.Sqrt(rtts.Average(rtt => (rtt - mean) * (rtt - mean))), 1.85, 2.1);
        Assert.All(result.Run.Records, record => Assert.Equal(20, record.EdgeMs, 9));
    }

    [Fact]
    public void World_Mismatch_IsSeededWithinItsLimitAndUnknownToControllers()
    {
        ReplayScenario scenario = TinyReplay.Scenario(1, 0, 1) with { Mismatch = 0.15 };
        VirtualWorld first = scenario.World(1), again = scenario.World(1), other = scenario.World(2);
        Assert.Equal(first.Edge.UnitMs, again.Edge.UnitMs);
        Assert.NotEqual(first.Edge.UnitMs, other.Edge.UnitMs);
        double widest = 0;
        for (int seed = 1; seed <= 200; seed++)
        {
            VirtualWorld world = scenario.World(seed);
            double[] ratios = [world.Edge.UnitMs[0] / 20, world.Edge.UnitMs[1] / 30, world.Edge.HeadMs[0] / 5, world.Tail.UnitMs[0] / 2,
                world.Tail.UnitMs[1] / 3];
            Assert.All(ratios, ratio => Assert.InRange(ratio, 0.85, 1.15));
            widest = Math.Max(widest, ratios.Max(ratio => Math.Abs(ratio - 1)));
        }
        Assert.True(widest > 0.12, $"widest {widest}");
        Assert.Equal(50, scenario.Told.LocalMs, 9);
        Assert.Equal(TinyReplay.Network.Edge.UnitMs, (scenario with { Mismatch = 0 }).World(5).Edge.UnitMs);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public void Run_PoissonArrivals_LosesWhatQueueingTheorySays(int queue)
    {
        // 50 ms of service, 15 arrivals a second: M/D/1 with room for queue + 1.
        const int Tasks = 60_000;
        ReplayResult result = TinyReplay.Run(TinyReplay.Scenario(Tasks, 0, 2) with { Arrivals = new ArrivalProcess(15, queue) });
        double expected = LossOfMD1(0.75, queue + 1);
        Assert.InRange(result.Metrics.LossRatio, expected - 0.01, expected + 0.01);
        Assert.Equal(1 - result.Metrics.LossRatio, result.Metrics.SatisfactionTask, 2);
        // Nobody waits longer than the tasks in front of him take.
        Assert.InRange(result.Metrics.P99LatencyMs, 50, (50 * (queue + 1)) + 1e-6);
        Assert.True(result.Run.Records.Where(record => record.Exit > 0).Max(record => record.LatencyMs) <= (50 * (queue + 1)) + 1e-6);
    }

    [Fact]
    public void Run_ArrivalsOneByOne_LatencyIsTheLindleyRecursion()
    {
        ReplayScenario scenario = TinyReplay.Scenario(500, 0.5f, 2) with { Arrivals = new ArrivalProcess(20, 1000) };
        VirtualWorld world = scenario.World(1);
        ReplayResult result = TinyReplay.Run(scenario);
        double free = 0;
        for (int i = 0; i < 500; i++)
        {
            double service = result.Run.Records[i].Exit == 1 ? 0.025 : 0.055;
            double start = Math.Max(free, world.Arrivals![i]);
            free = start + service;
            Assert.Equal((free - world.Arrivals[i]) * 1000, result.Run.Records[i].LatencyMs, 6);
        }
    }

    [Fact]
    public void Draw_Shift_ChangesTheMixAtTheTask()
    {
        ExitCalibration samples = SyntheticModel.Samples(1000, seed: 5);
        double Hard(IEnumerable<int> order) => order.Average(sample => samples.Entropy(sample, samples.Exits));
        int[] order = InputShift.Parse("easy-hard,at=300").Draw(samples, 1000, seed: 1);
        Assert.True(Hard(order[..300]) < 0.6 * Hard(order[300..]), $"{Hard(order[..300])} {Hard(order[300..])}");
        Assert.All(order[..300], sample => Assert.True(samples.IsCorrect(sample, samples.Exits)));
        Assert.Equal(300, order[..300].Distinct().Count());
        Assert.Equal(order, InputShift.Parse("easy-hard,at=300").Draw(samples, 1000, seed: 1));
        Assert.Equal(Enumerable.Range(0, 1000), InputShift.None.Draw(samples, 1000, seed: 2).Order());
    }

    [Fact]
    public void Pool_TwoSeeds_MeanAndStudentInterval()
    {
        ReplayScenario scenario = TinyReplay.Scenario(101, 0.95f, 2);
        var pool = new ReplayPool([TinyReplay.Run(scenario, seed: 1), TinyReplay.Run(scenario, seed: 2)]);
        double a = pool.Results[0].Metrics.Accuracy, b = pool.Results[1].Metrics.Accuracy;
        (double mean, double half) = pool.Of(metrics => metrics.Accuracy);
        Assert.Equal((a + b) / 2, mean, 9);
        Assert.Equal(12.706 * Math.Abs(a - b) / 2, half, 6);
    }

    /// <summary>Share of arrivals lost by a single server of constant service time with room for a number of tasks, from the embedded
    /// chain.</summary>
    static double LossOfMD1(double load, int room)
    {
        var arrivals = new double[room + 1];
        arrivals[0] = Math.Exp(-load);
        for (int k = 1; k <= room; k++) arrivals[k] = arrivals[k - 1] * load / k;
        // What a departure leaves behind, 0..room - 1, up to a factor.
        var left = new double[room];
        left[0] = 1;
        for (int n = 0; n + 1 < room; n++)
        {
            double next = left[n] - (left[0] * arrivals[n]);
            for (int j = 1; j <= n; j++) next -= left[j] * arrivals[n - j + 1];
            left[n + 1] = next / arrivals[0];
        }
        return 1 - (1 / ((left[0] / left.Sum()) + load));
    }
}
