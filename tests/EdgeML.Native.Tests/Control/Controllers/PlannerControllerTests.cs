using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Control.Planning;
using EdgeML.Native.Policies;
using EdgeML.Native.Telemetry;
using EdgeML.Native.Tests.Control.Costs;

namespace EdgeML.Native.Tests.Control.Controllers;

public class PlannerControllerTests
{
    static readonly CostModel s_model =
        new(SyntheticModel.Manifest(), SyntheticModel.Edge(), SyntheticModel.Edge(0.4), SyntheticModel.Samples(500, 2));

    static Observation Seen(double mbps, in Requirements bounds, double seconds = 0, bool up = true) => new()
    {
        Link = new LinkSnapshot { Up = up, RateBitsPerSecond = mbps * 1e6, RttMs = 8, TailFactor = 1 },
        Requirements = bounds,
        TimeSeconds = seconds,
    };

    [Fact]
    public void Next_NothingMoved_KeepsThePlanAndLengthensTheInterval()
    {
        using var planner = new PlannerController(s_model);
        var bounds = new Requirements(50, 0.3);
        ExitPolicy first = planner.Next(Seen(10, bounds));
        Assert.Equal(1, first.Interval);
        Assert.Equal(DecisionReason.Initial, planner.Explanation.Reason);
        ExitPolicy later = default;
        for (int i = 1; i < 6; i++) later = planner.Next(Seen(10, bounds, i));
        Assert.Equal(first.WithInterval(5), later);
        Assert.Equal(1, planner.FullPlans);
        Assert.Equal(DecisionReason.Stable, planner.Explanation.Reason);
    }

    [Fact]
    public void Next_LinkLostAndFound_GoesLocalAndBack()
    {
        using var planner = new PlannerController(s_model);
        var bounds = new Requirements(40, 0.25);
        ExitPolicy before = planner.Next(Seen(20, bounds));
        Assert.True(before.Cut < s_model.LocalCut);
        Assert.Equal(s_model.LocalCut, planner.Next(Seen(20, bounds, 1, up: false)).Cut);
        Assert.Equal(DecisionReason.LinkDown, planner.Explanation.Reason);
        Assert.True(planner.Next(Seen(20, bounds, 2)).Cut < s_model.LocalCut);
    }

    [Fact]
    public void Next_BoundsChanged_PlansForThem()
    {
        using var planner = new PlannerController(s_model);
        planner.Next(Seen(0.2, new Requirements(1000, 10)));
        double relaxed = planner.Explanation.Expected.Accuracy;
        planner.Next(Seen(0.2, new Requirements(30, 0.2), 1));
        Assert.Equal(DecisionReason.BoundsChanged, planner.Explanation.Reason);
        Assert.True(planner.Explanation.Expected.LatencyMs < 30);
        Assert.True(planner.Explanation.Expected.Accuracy < relaxed);
    }

    [Fact]
    public void Next_BoundsNobodyMeets_SaysSo()
    {
        using var planner = new PlannerController(s_model);
        planner.Next(Seen(0.1, new Requirements(1, 0.001)));
        Assert.True(planner.Explanation.CannotBeMet);
        Assert.Contains("cannot be met", planner.Explanation.ToString());
    }

    [Fact]
    public void Completed_FallbackOrMiss_EndsTheInterval()
    {
        using var planner = new PlannerController(s_model);
        ExitPolicy policy = planner.Next(Seen(10, new Requirements(50, 0.3)));
        TaskRecord record = new() { Policy = policy, Exit = 4, LatencyMs = 20, EdgeMs = 10, FirstEntropy = float.NaN };
        record.RateBitsPerSecond = double.NaN;
        // Two tasks in a row at another speed than profiled are a new level.
        planner.Completed(record);
        planner.Completed(record);
        Assert.False(planner.Completed(record));
        record.LatencyMs = 80;
        Assert.True(planner.Completed(record));
        record.LatencyMs = 20;
        record.Fallback = true;
        Assert.True(planner.Completed(record));
    }

    [Fact]
    public void Create_Names_AreThoseOfTheCommandLine()
    {
        var context = new ControllerContext { Model = s_model };
        foreach (string name in PolicyControllers.Names)
        {
            using IPolicyController controller = PolicyControllers.Create(name, context);
            Assert.Equal(name, controller.Name);
            Assert.Equal(s_model.SideExits, controller.Next(Seen(10, new Requirements(50, 0.3))).Exits);
        }
        Assert.Contains("'magic'", Assert.Throws<ArgumentException>(() => PolicyControllers.Create("magic", context)).Message);
        var wrong = context with { FixedPolicy = new ExitPolicy([0f, 0f, 0f], 99) };
        Assert.Contains("99", Assert.Throws<ArgumentException>(() => PolicyControllers.Create(PolicyControllers.Fixed, wrong)).Message);
    }
}
