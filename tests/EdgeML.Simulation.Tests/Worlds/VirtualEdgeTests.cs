using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Control.Planning;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Policies;
using EdgeML.Native.Tests.Control.Costs;
using EdgeML.Simulation.Baselines;
using EdgeML.Simulation.Worlds;

namespace EdgeML.Simulation.Tests.Worlds;

public class VirtualEdgeTests
{
    static readonly ExitCalibration s_samples = SyntheticModel.Samples(2000, seed: 4);

    static VirtualWorld World(VirtualLinkTrace link, int tasks, Requirements bounds) => new()
    {
        Manifest = SyntheticModel.Manifest(),
        Edge = SyntheticModel.Edge(),
        Tail = SyntheticModel.Edge(0.4),
        Samples = s_samples,
        Link = link,
        Bounds = (_, _) => bounds,
        Tasks = tasks,
        DeadlineMs = bounds.LatencyMs,
    };

    static CostModel Told(VirtualWorld world, ExitCalibration? calibration = null) =>
        new(world.Manifest, world.Edge, world.Tail, calibration ?? SyntheticModel.Samples(600, seed: 99), payloadBytes: world.PayloadBytes);

    static VirtualRun Run(VirtualWorld world, string controller, int seed = 1, ExitPolicy? policy = null) =>
        new VirtualEdge(world).Run(
            BaselineControllers.Create(controller, new ControllerContext { Model = Told(world), Seed = seed, FixedPolicy = policy }));

    /// <summary>15 and 3 Mbps in turn, an outage, a stretch under 1 Mbps and one with a loaded tail.</summary>
    static VirtualLink Square(double seconds, int task) => (task / 100 % 6) switch
    {
        0 or 2 => new VirtualLink(15e6, 12),
        1 => new VirtualLink(3e6, 12),
        3 => new VirtualLink(0, 12),
        4 => new VirtualLink(15e6, 12, TailFactor: 6),
        _ => new VirtualLink(0.7e6, 20),
    };

    [Fact]
    public void Run_FixedOffload_CostsWhatArithmeticSays()
    {
        VirtualWorld world = World((_, _) => new VirtualLink(8e6, 10, TailFactor: 2, TailQueueMs: 3), 3, new Requirements(1000, 100));
        VirtualRun run = Run(world, PolicyControllers.Fixed, policy: new ExitPolicy([0f, 0f, 0f], 6));
        double edgeMs = world.Edge.UnitMs.Take(6).Sum(), tailMs = 2 * world.Tail.UnitMs.Skip(6).Sum();
        double bytes = world.Manifest.Cuts[6].Bytes + CostModel.FrameBytes;
        TaskRecord record = run.Records[2];
        Assert.True(record.Offloaded);
        Assert.Equal(edgeMs, record.EdgeMs, 9);
        Assert.Equal(tailMs, record.TailMs, 9);
        Assert.Equal(10 + (bytes / 1000), record.WireMs, 6);
        Assert.Equal(edgeMs + tailMs + 13 + (bytes / 1000), record.LatencyMs, 6);
        Assert.Equal(8e6, record.RateBitsPerSecond, 1);
        Assert.Equal(4, record.Exit);
    }

    [Fact]
    public void Run_RateChangesInFlight_TransferSeesBoth()
    {
        VirtualWorld world = World((seconds, _) => new VirtualLink(seconds < 0.01 ? 8e6 : 0.8e6, 0), 1, new Requirements(10_000, 100));
        VirtualRun run = Run(world, PolicyControllers.Fixed, policy: new ExitPolicy([0f, 0f, 0f], 0));
        double bytes = world.Manifest.Cuts[0].Bytes + CostModel.FrameBytes;
        Assert.InRange(run.Records[0].WireMs, 10 + ((bytes - 10_000) / 100) - 2, 10 + ((bytes - 10_000) / 100) + 2);
    }

    [Fact]
    public void Run_OutageInFlight_FallsBackAtTheDeadlineAndNotAgain()
    {
        VirtualWorld world = World((_, task) => new VirtualLink(task < 2 ? 8e6 : 0, 10), 6, new Requirements(100, 100)) with
        {
            ProbeSeconds = 10,
        };
        VirtualRun run = Run(world, PolicyControllers.Fixed, policy: new ExitPolicy([0f, 0f, 0f], 6));
        double localMs = world.Edge.UnitMs.Sum();
        Assert.True(run.Records[2].Fallback);
        Assert.Equal(100 + localMs - world.Edge.UnitMs.Take(6).Sum(), run.Records[2].LatencyMs, 6);
        // From then on the client knows: no wait, everything on the edge.
        Assert.True(run.Records[3].Fallback);
        Assert.Equal(localMs, run.Records[3].LatencyMs, 6);
        Assert.Equal(0, run.Records[3].BytesSent);
        Assert.All(run.Records, record => Assert.Equal(4, record.Exit));
    }

    /// <summary>Live, nothing is sent behind a late request, and its answer brings the link back; a connection that stalls for three seconds is
    /// made anew, and a probe finds the link.</summary>
    [Theory]
    [InlineData(0.4, 1000)]
    [InlineData(4.2, 0.1)]
    public void Run_LateAnswer_KeepsTheLinkUntilItIsThere(double darkSeconds, double probeSeconds)
    {
        const double dark = 0.3;
        double light = dark + darkSeconds;
        VirtualWorld world = World(
            (seconds, _) => new VirtualLink(seconds >= dark && seconds < light ? 0 : 8e6, 10), 120, new Requirements(100, 100)) with
        {
            ProbeSeconds = probeSeconds,
        };
        VirtualRun run = Run(world, PolicyControllers.Fixed, policy: new ExitPolicy([0f, 0f, 0f], 6));
        int late = run.Records.ToList().FindIndex(record => record.Fallback);
        int back = run.Records.ToList().FindIndex(late, record => record.Offloaded);
        Assert.InRange(run.Records[late].TimeSeconds, dark, dark + 0.5);
        for (int i = late + 1; i < back; i++) Assert.Equal((true, 0), (run.Records[i].Fallback, run.Records[i].BytesSent));
        Assert.InRange(run.Records[back].TimeSeconds, light, light + 0.5);
        Assert.All(run.Records.Skip(back), record => Assert.True(record.Offloaded));
    }

    [Fact]
    public void Run_SameSeed_SameRun()
    {
        VirtualWorld world = World(Square, 400, new Requirements(50, 0.25)) with { Jitter = 0.05 };
        VirtualRun first = Run(world, PolicyControllers.EdgeML, seed: 3), second = Run(world, PolicyControllers.EdgeML, seed: 3);
        Assert.Equal(first.Records.Select(record => record.Policy), second.Records.Select(record => record.Policy));
        Assert.Equal(first.Records.Select(record => record.LatencyMs), second.Records.Select(record => record.LatencyMs));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void EdgeML_SquareLinkWithOutageAndLoadedTail_StaysNearTheOracleAndAboveFixed(int seed)
    {
        var bounds = new Requirements(50, 0.25);
        VirtualWorld world = World(Square, 1200, bounds) with { Jitter = 0.05, Seed = seed };
        var edge = new VirtualEdge(world);
        VirtualRun oracle = edge.Run(new OracleController(world, edge.Truth));
        VirtualRun edgeml = Run(world, PolicyControllers.EdgeML, seed);
        VirtualRun planner = Run(world, PolicyControllers.Planner, seed);
        VirtualRun local = Run(world, PolicyControllers.Fixed, policy: new ExitPolicy([0f, 0f, 0f], 12, 5));
        VirtualRun tail = Run(world, PolicyControllers.Fixed, policy: new ExitPolicy([0f, 0f, 0f], 0, 5));
        string numbers = $"seed {seed}: oracle {Numbers(oracle)}, edgeml {Numbers(edgeml)}, planner {Numbers(planner)}, " +
                         $"local {Numbers(local)}, tail {Numbers(tail)}";
        Assert.True(oracle.Satisfaction >= 0.95, numbers);
        Assert.True(edgeml.Satisfaction >= 0.85 * oracle.Satisfaction, numbers);
        Assert.True(edgeml.Goodput >= planner.Goodput - 0.02, numbers);
        Assert.True(edgeml.Satisfaction > Math.Max(local.Satisfaction, tail.Satisfaction), numbers);
        Assert.True(edgeml.SatisfactionOf(0, 50) >= 0.85 * oracle.SatisfactionOf(0, 50), numbers);
    }

    [Theory]
    [InlineData(PolicyControllers.Planner)]
    [InlineData(PolicyControllers.EdgeML)]
    public void Run_BoundsChangeInMidRun_AreMetAgainWithinTenTasks(string controller)
    {
        VirtualWorld world = World((_, _) => new VirtualLink(8e6, 12), 600, default) with
        {
            Bounds = (_, task) => (task / 200) switch
            {
                0 => new Requirements(80, 0.5),
                1 => new Requirements(35, 0.2),
                _ => new Requirements(60, 0.12),
            },
            DeadlineMs = 60,
            Jitter = 0.05,
        };
        VirtualRun run = Run(world, controller);
        Assert.InRange(run.TasksUntilMet(200), 0, 10);
        Assert.InRange(run.TasksUntilMet(400), 0, 10);
        Assert.True(run.Satisfaction > 0.9, $"{controller}: {run.Satisfaction}");
    }

    [Fact]
    public void Planner_ProfileOffAndInputsDarken_CorrectsItself()
    {
        // The edge is a quarter slower than profiled, and from half way on inputs are of the hard kind.
        var easy = SyntheticModel.Samples(600, 5, 0, 0.6);
        var hard = SyntheticModel.Samples(600, 6, 0.5, 1);
        var both = new ExitCalibration(4, [.. Rows(easy), .. Rows(hard)], [.. Verdicts(easy), .. Verdicts(hard)], "drift", true);
        VirtualWorld world = World((_, _) => new VirtualLink(2e6, 12), 1200, new Requirements(55, 0.22)) with
        {
            Samples = both,
            Edge = SyntheticModel.Edge(6.25),
            Jitter = 0.03,
        };
        var told = new CostModel(world.Manifest, SyntheticModel.Edge(), world.Tail, SyntheticModel.Samples(600, seed: 99));
        IPolicyController planner = BaselineControllers.Create(PolicyControllers.Planner, new ControllerContext { Model = told });
        VirtualRun run = new VirtualEdge(world).Run(planner);
        Assert.True(run.SatisfactionOf(20, 600) > 0.9, $"before the drift {run.SatisfactionOf(20, 600):0.000}");
        Assert.True(run.SatisfactionOf(600, 1200) > 0.85, $"after the drift {run.SatisfactionOf(600, 1200):0.000}");
    }

    static string Numbers(VirtualRun run) => $"{run.Satisfaction:0.000} satisfied, {run.Goodput:0.000} good";

    static IEnumerable<float> Rows(ExitCalibration samples) =>
        from i in Enumerable.Range(0, samples.Samples) from exit in Enumerable.Range(1, samples.Exits) select samples.Entropy(i, exit);

    static IEnumerable<bool> Verdicts(ExitCalibration samples) =>
        from i in Enumerable.Range(0, samples.Samples) from exit in Enumerable.Range(1, samples.Exits) select samples.IsCorrect(i, exit);
}
