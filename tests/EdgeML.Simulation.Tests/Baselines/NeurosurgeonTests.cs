using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Control.Planning;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Policies;
using EdgeML.Native.Telemetry;
using EdgeML.Native.Tests.Control.Controllers;
using EdgeML.Simulation.Baselines;

namespace EdgeML.Simulation.Tests.Baselines;

public class NeurosurgeonTests
{
    static readonly CostModel s_model = TinyWorld.Model();

    static Observation Seen(double mbps, in Requirements bounds, double seconds = 0, bool up = true) => new()
    {
        Link = new LinkSnapshot { Up = up, RateBitsPerSecond = mbps * 1e6, RttMs = 8, TailFactor = 1 },
        Requirements = bounds,
        TimeSeconds = seconds,
    };

    static IPolicyController Create(string name, LinkSnapshot? typical = null) =>
        BaselineControllers.Create(name, new ControllerContext { Model = s_model, TypicalLink = typical });

    static PolicyEstimate Cost(int cut, in Observation seen) =>
        s_model.Estimate(new ExitPolicy(new float[3], cut), PlanningConditions.From(seen.Link), seen.Requirements);

    [Theory]
    [InlineData(0.3)]
    [InlineData(2)]
    [InlineData(6)]
    [InlineData(15)]
    [InlineData(100)]
    public void Next_NoBounds_IsTheCutOfLeastLatency(double mbps)
    {
        foreach (string name in (string[])[BaselineControllers.Neurosurgeon, BaselineControllers.NeurosurgeonLive])
        {
            Observation seen = Seen(mbps, Requirements.None);
            using IPolicyController controller = Create(name);
            ExitPolicy policy = controller.Next(seen);
            Assert.Equal(s_model.CandidateCuts.MinBy(cut => Cost(cut, seen).LatencyMs), policy.Cut);
            Assert.All(policy.Thresholds.ToArray(), threshold => Assert.Equal(0f, threshold));
        }
    }

    [Theory]
    [InlineData(60, 0.2)]
    [InlineData(60, 0.05)]
    [InlineData(90, 10)]
    [InlineData(1, 0.001)]
    public void Next_Bounds_IsTheCutOfLargestSatisfactionThenLeastLatency(double boundMs, double boundJ)
    {
        foreach (double mbps in (double[])[0.5, 3, 6, 15, 50])
        {
            Observation seen = Seen(mbps, new Requirements(boundMs, boundJ));
            using IPolicyController controller = Create(BaselineControllers.Neurosurgeon);
            double best = s_model.CandidateCuts.Max(cut => Cost(cut, seen).Satisfaction);
            IEnumerable<int> equals = s_model.CandidateCuts.Where(cut => Cost(cut, seen).Satisfaction > best - 1e-6);
            int expected = equals.MinBy(cut => Cost(cut, seen).LatencyMs);
            Assert.Equal(expected, controller.Next(seen).Cut);
        }
    }

    [Fact]
    public void Next_LinkMoves_OnlyTheLiveOneFollows()
    {
        using IPolicyController once = Create(BaselineControllers.Neurosurgeon), live = Create(BaselineControllers.NeurosurgeonLive);
        int far = once.Next(Seen(50, Requirements.None)).Cut;
        Assert.Equal(far, live.Next(Seen(50, Requirements.None)).Cut);
        Assert.Equal(far, once.Next(Seen(0.2, Requirements.None, 10)).Cut);
        Assert.Equal(s_model.LocalCut, live.Next(Seen(0.2, Requirements.None, 10)).Cut);
        Assert.Equal(DecisionReason.LinkChanged, live.Explanation.Reason);
        live.Next(Seen(0.205, Requirements.None, 10.1));
        Assert.Equal(DecisionReason.Stable, live.Explanation.Reason);
    }

    [Fact]
    public void Next_NoLinkAtTheStart_StaticSettlesOnTheFirstMeasuredOne()
    {
        using IPolicyController controller = Create(BaselineControllers.Neurosurgeon);
        Assert.Equal(s_model.LocalCut, controller.Next(Seen(double.NaN, Requirements.None, up: false)).Cut);
        int chosen = controller.Next(Seen(50, Requirements.None, 1)).Cut;
        Assert.NotEqual(s_model.LocalCut, chosen);
        Assert.Equal(chosen, controller.Next(Seen(0.1, Requirements.None, 2)).Cut);
    }

    [Fact]
    public void Next_TypicalLinkGiven_StaticIsChosenForIt()
    {
        using IPolicyController controller = Create(BaselineControllers.Neurosurgeon, Seen(0.2, default).Link);
        Assert.Equal(s_model.LocalCut, controller.Next(Seen(50, Requirements.None)).Cut);
    }
}
