using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Loop;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Policies;
using EdgeML.Native.Tests.Control.Costs;

namespace EdgeML.Native.Tests.Control.Controllers;

public class GuaranteeKeepingTests
{
    static AccuracyGuarantee Guarantee(params float[] limits) => new()
    {
        Model = "sha256:0",
        MaxLoss = 0.005,
        Confidence = 0.95,
        Labelled = true,
        Limits = limits,
        Tighter = [[.. limits.Select(limit => limit / 2)]],
        DiffersAtMost = 0.01,
        Samples = 1000,
        Losses = 1,
        Source = "test",
    };

    [Fact]
    public void Clamp_ThresholdsBeyondTheLimits_ComeBackToThem()
    {
        AccuracyGuarantee guarantee = Guarantee(0.25f, 0f, 1f);
        var asked = new ExitPolicy([0.5f, 0.5f, 0.5f], 3, 4);
        Assert.False(guarantee.Admits(asked));
        Assert.Equal(new ExitPolicy([0.25f, 0f, 0.5f], 3, 4), guarantee.Clamp(asked));
        var inside = new ExitPolicy([0.25f, 0f, 0.1f], 3, 4);
        Assert.True(guarantee.Admits(inside));
        Assert.Equal(inside, guarantee.Clamp(inside));
    }

    [Fact]
    public void Tighten_AgainAndAgain_EndsWithoutExits()
    {
        AccuracyGuarantee once = Guarantee(0.5f, 0.25f).Tighten(), twice = once.Tighten(), thrice = twice.Tighten();
        Assert.Equal([0.25f, 0.125f], once.Limits);
        Assert.Equal([0f, 0f], twice.Limits);
        Assert.Equal([0f, 0f], thrice.Limits);
        Assert.Equal((1, 3), (once.Tightened, thrice.Tightened));
    }

    public static TheoryData<string> Controllers => [.. PolicyControllers.Names];

    [Theory]
    [MemberData(nameof(Controllers))]
    public void Current_AnyController_StaysInsideAlsoAfterTightening(string name)
    {
        AccuracyGuarantee guarantee = Guarantee(0.1f, 0.2f, 0.05f);
        var model = new CostModel(
            SyntheticModel.Manifest(), SyntheticModel.Edge(), null, SyntheticModel.Samples(400, 5), guarantee: guarantee);
        var context = new ControllerContext { Model = model, Seed = 3, FixedPolicy = new ExitPolicy([1f, 1f, 1f], model.LocalCut) };
        using var loop = new ControlLoop(PolicyControllers.Create(name, context), null, new Requirements(30, 0.2)) { Guarantee = guarantee };
        for (int task = 0; task < 200; task++)
        {
            if (task == 100) loop.Guarantee = guarantee = guarantee.Tighten();
            ExitPolicy policy = loop.Current;
            Assert.True(guarantee.Admits(policy), $"{name}, task {task}: {policy}");
            loop.Completed(new TaskRecord
            {
                TaskId = task,
                Policy = policy,
                Exit = 1 + (task % 4),
                FirstEntropy = 0.01f * (task % 50),
                LatencyMs = 40,
                EdgeMs = 40,
                EnergyJ = 0.3,
                TimeSeconds = task,
            });
        }
    }

    [Fact]
    public void Grid_OfAGuarantee_LiesInsideAndReachesTheLimits()
    {
        float[] limits = [0.1f, 0f, 1f];
        var model = new CostModel(
            SyntheticModel.Manifest(), SyntheticModel.Edge(), null, SyntheticModel.Samples(400, 5), guarantee: Guarantee(limits));
        bool reached = false;
        for (int point = 0; point < model.Grid.Count; point++)
        {
            float[] thresholds = model.Grid.Thresholds(point).ToArray();
            Assert.All(thresholds.Zip(limits), pair => Assert.InRange(pair.First, 0f, pair.Second));
            reached |= thresholds.SequenceEqual(limits);
        }
        Assert.True(reached);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(6)]
    public void Grid_WithoutAGuarantee_IsAsBefore(int exits)
    {
        var free = new CostModel(SyntheticModel.Manifest(exits), SyntheticModel.Edge(5, exits), null,
            SyntheticModel.Samples(300, 5, sideExits: exits));
        var widest = new CostModel(
            SyntheticModel.Manifest(exits), SyntheticModel.Edge(5, exits), null, SyntheticModel.Samples(300, 5, sideExits: exits),
            guarantee: Guarantee([.. Enumerable.Repeat(1f, exits)]));
        Assert.Equal(free.Grid.Count, widest.Grid.Count);
        for (int point = 0; point < free.Grid.Count; point++)
            Assert.Equal(free.Grid.Thresholds(point).ToArray(), widest.Grid.Thresholds(point).ToArray());
    }
}
