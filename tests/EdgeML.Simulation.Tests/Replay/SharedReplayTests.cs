using System.Diagnostics;
using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Control.Planning;
using EdgeML.Native.Policies;
using EdgeML.Native.Tests.Models;
using EdgeML.Simulation.Replay;

namespace EdgeML.Simulation.Tests.Replay;

/// <summary>The developers' VGG16 profile and samples; skipped where they are not beside the checkout.</summary>
public class SharedReplayTests(ITestOutputHelper output)
{
    static ReplayScenario Scenario(string device, string link, int tasks, double ghz) => new(
        ProfileFile.Load(SharedData.Require("profiles/vgg16-cifar10.csv"), device),
            ExitsFile.Load(SharedData.Require("exits/vgg16-cifar10.csv")))
    {
        Link = LinkCourse.Parse(link, 0),
        Bounds = new Requirements(100, ghz),
        Tasks = tasks,
        Power = new FrequencyProxy(FrequencyProxy.DefaultIdleGhz, FrequencyProxy.MaxGhzOf(device), 100),
        RawInput = false,
    };

    [Theory]
    [InlineData(1, 31.5)]
    [InlineData(2, 50.0)]
    [InlineData(3, 78.9)]
    [InlineData(4, 118)]
    public void Run_Tx2AllLocal_ReproducesTheMedianOfEveryExit(int exit, double medianMs)
    {
        // Every head before the exit is tried and refuses.
        float[] thresholds = [1e-30f, 1e-30f, 1e-30f];
        if (exit <= 3) thresholds[exit - 1] = 1;
        var policy = new ExitPolicy(thresholds, 21);
        ReplayScenario scenario = Scenario("tx2", "constant:15", 2000, 1.2) with { FixedPolicy = policy, DecisionMicros = 0 };
        ReplayResult result = ReplayRunner.Run(scenario, PolicyControllers.Fixed, seed: 1);
        double[] latencies = [.. result.Run.Records.Where(record => record.Exit == exit).Select(record => record.LatencyMs).Order()];
        Assert.True(latencies.Length > 1900);
        Assert.InRange(latencies[latencies.Length / 2], 0.99 * medianMs, 1.01 * medianMs);
    }

    [Fact]
    public void Run_Tx2AllLocal_BreaksTheFrequencyBoundAndTheOracleHoldsIt()
    {
        ReplayScenario scenario = Scenario("tx2", "paper:s3", 1000, 1.2);
        ReplayResult local = ReplayRunner.Run(scenario, PolicyControllers.EdgeOnly, seed: 1);
        ReplayResult oracle = ReplayRunner.Run(scenario, ReplayControllers.Oracle, seed: 1);
        Assert.True(local.Metrics.SatisfactionTask < 0.01);
        Assert.Equal(1.30, local.Metrics.Energy, 2);
        Assert.True(oracle.Metrics.SatisfactionTask > 0.97, $"{oracle.Metrics.SatisfactionTask}");
    }

    [Theory]
    [InlineData(PolicyControllers.EdgeML)]
    [InlineData(ReplayControllers.Oracle)]
    public void Run_BoundsTheCheapestPolicyJustMeets_NoEnergyDebtForGood(string controller)
    {
        // A quarter of the paper's rates, as its text encoding costs; seeds of the sweep that used to overspend.
        ReplayScenario scenario = Scenario("tx2", "steps:3.75,1.75@200,3.75@400,1.75@600,3.75@800", 1000, 0.5) with
        {
            Link = LinkCourse.Parse("steps:3.75,1.75@200,3.75@400,1.75@600,3.75@800", 12),
        };
        foreach (int seed in (int[])[2, 4])
        {
            double satisfied = ReplayRunner.Run(scenario, controller, seed).Metrics.SatisfactionTask;
            output.WriteLine($"{controller} seed {seed}: {satisfied:0.000} satisfied");
            Assert.True(satisfied > 0.9, $"{controller} seed {seed}: {satisfied}");
        }
    }

    [Fact]
    public void Run_PlannerOver5000Intervals_TellsItsTime()
    {
        ReplayScenario scenario = Scenario("tx2", "paper:s2", 25_000, 1.2);
        ReplayRunner.Run(scenario with { Tasks = 2000 }, PolicyControllers.Planner, seed: 1);
        var clock = Stopwatch.StartNew();
        ReplayResult result = ReplayRunner.Run(scenario, PolicyControllers.Planner, seed: 1);
        output.WriteLine($"{result.Run.Decisions.Count} intervals in {clock.Elapsed.TotalSeconds:0.00} s");
        Assert.True(result.Run.Decisions.Count >= 5000, $"{result.Run.Decisions.Count} intervals");
    }
}
