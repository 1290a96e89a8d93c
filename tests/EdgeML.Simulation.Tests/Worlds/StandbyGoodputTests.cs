using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Control.Costs;
using EdgeML.Native.Policies;
using EdgeML.Native.Tests.Control.Costs;
using EdgeML.Simulation.Baselines;
using EdgeML.Simulation.Worlds;

namespace EdgeML.Simulation.Tests.Worlds;

/// <summary>What letting an exit stand by brings the default controller.</summary>
public class StandbyGoodputTests(ITestOutputHelper output)
{
    const double BoundMs = 60;

    static VirtualWorld World(VirtualLinkTrace link, int tasks, int seed) => new()
    {
        Manifest = SyntheticModel.Manifest(),
        Edge = SyntheticModel.Edge(),
        Tail = SyntheticModel.Edge(0.4),
        Samples = SyntheticModel.Samples(2000, seed: 4),
        Link = link,
        Bounds = (_, _) => new Requirements(BoundMs, double.PositiveInfinity),
        Tasks = tasks,
        DeadlineMs = BoundMs,
        Jitter = 0.03,
        Seed = seed,
    };

    /// <summary>A rate that is redrawn every tenth of a second.</summary>
    static VirtualLinkTrace Volatile(int seed)
    {
        var random = new Random(seed);
        double[] rates = [.. Enumerable.Range(0, 2000).Select(_ => 1e6 * Math.Pow(10, 1.5 * random.NextDouble()))];
        return (seconds, _) => new VirtualLink(rates[(int)(seconds * 10) % rates.Length], 6);
    }

    static VirtualRun Run(VirtualWorld world, int seed, bool standby = true)
    {
        var told = new CostModel(world.Manifest, world.Edge, world.Tail, SyntheticModel.Samples(600, seed: 99))
        {
            AllowsStandby = standby,
        };
        return new VirtualEdge(world).Run(
            BaselineControllers.Create(PolicyControllers.EdgeML, new ControllerContext { Model = told, Seed = seed }));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void EdgeML_RateRedrawnEveryTenthOfASecond_GainsMoreThanAPointAndAnswersInTime(int seed)
    {
        VirtualWorld world = World(Volatile(seed), 500, seed);
        VirtualRun with = Run(world, seed), without = Run(world, seed, standby: false);
        int late = with.Records.Count(record => record.LatencyMs > BoundMs);
        int stood = with.Records.Count(record => record.Fallback && record.StandbyReady);
        string said = $"seed {seed}: {with.Goodput:0.000} good with, {without.Goodput:0.000} without, "
            + $"{late} late, {stood} by a standby exit";
        output.WriteLine(said);
        Assert.True(with.Goodput > without.Goodput + 0.01, said);
        Assert.InRange(late, 0, world.Tasks / 100);
        Assert.InRange(stood, 30, world.Tasks / 2);
        Assert.All(with.Records.Where(record => record.Fallback && record.StandbyReady), record =>
        {
            Assert.True(record.LatencyMs <= BoundMs, $"{said}, task {record.TaskId} takes {record.LatencyMs} ms");
            Assert.Equal(record.Policy.Standby, record.Exit);
        });
        Assert.All(without.Records, record => Assert.Equal(0, record.Policy.Standby));
        // What a session would refuse of a user is not chosen either.
        foreach (VirtualDecision decision in with.Decisions) HedgeSchedule.Check(decision.Explanation.Policy, world.Manifest);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void EdgeML_LinkThatBecomesSteady_StopsComputingForNothing(int seed)
    {
        const int steady = 250, tasks = 650;
        VirtualLinkTrace unsteady = Volatile(seed);
        VirtualWorld world = World(
            (seconds, task) => task < steady ? unsteady(seconds, task) : new VirtualLink(25e6, 6), tasks, seed);
        VirtualRun run = Run(world, seed);
        int before = run.Records.Take(steady).Count(record => record.StandbyMs > 0);
        int after = run.Records.Skip(tasks - 150).Count(record => record.StandbyMs > 0);
        output.WriteLine($"seed {seed}: {before} of {steady} tasks had an exit standing by, {after} of the last 150");
        Assert.True(before > steady / 3, $"seed {seed}: {before} before");
        Assert.Equal(0, after);
        Assert.All(run.Records.Skip(tasks - 150), record => Assert.True(record.Offloaded));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(10)]
    public void EdgeML_RandomEdgeInputsAndBounds_IsNotWorseThanWithoutStandby(int seed)
    {
        var random = new Random(seed);
        double Between(double low, double high) => low + ((high - low) * random.NextDouble());
        double boundMs = Between(40, 90), energyJ = seed % 2 == 0 ? double.PositiveInfinity : 0.4;
        VirtualWorld world = World(Volatile(seed), 350, seed) with
        {
            Edge = SyntheticModel.Edge(Between(3, 8)),
            Samples = SyntheticModel.Samples(2000, seed: 4, 0, Between(0.4, 1)),
            Bounds = (_, _) => new Requirements(boundMs, energyJ),
            DeadlineMs = boundMs,
        };
        VirtualRun with = Run(world, seed), without = Run(world, seed, standby: false);
        string said = $"seed {seed}, {boundMs:0} ms, {energyJ:0.0} J: {with.Goodput:0.000} good with, {without.Goodput:0.000} without";
        output.WriteLine(said);
        Assert.True(with.Goodput >= without.Goodput - 0.005, said);
    }

    [Fact]
    public void EdgeML_LinkSteadyFromTheStart_IsAsGoodAsWithoutStandby()
    {
        VirtualWorld world = World((_, _) => new VirtualLink(15e6, 6), 300, 1);
        VirtualRun with = Run(world, 1), without = Run(world, 1, standby: false);
        Assert.InRange(with.Goodput, without.Goodput - 0.01, 1);
        Assert.All(with.Records.Skip(100), record => Assert.Equal(0, record.StandbyMs));
    }
}
