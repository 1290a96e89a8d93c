using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Estimation;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Telemetry;

namespace EdgeML.Native.Tests.Control.Estimation;

public class LinkEstimatorTests
{
    static TaskRecord Sent(double seconds, double mbps) => new()
    {
        TimeSeconds = seconds,
        Offloaded = true,
        RateBitsPerSecond = mbps * 1e6,
        TailMs = 4,
        BytesSent = 10_000,
        WireMs = 10 + (80 / mbps),
    };

    static TaskRecord Lost(double seconds, long bytes) => new()
    {
        TimeSeconds = seconds,
        Fallback = true,
        BytesSent = bytes,
        WireMs = 100,
        RateBitsPerSecond = double.NaN,
    };

    static PlanningConditions At(LinkEstimator belief, double now)
    {
        PlanningConditions conditions = default;
        belief.Fill(ref conditions, now);
        return conditions;
    }

    [Fact]
    public void Observe_RateDropsToAFifth_IsBelievedAtOnce()
    {
        var belief = new LinkEstimator();
        for (int i = 0; i < 20; i++) belief.Observe(Sent(i * 0.1, 15 + (0.5 * (i % 3))), 4);
        Assert.InRange(At(belief, 2).RateBitsPerSecond, 14.8e6, 16.2e6);
        Assert.True(belief.Observe(Sent(2.1, 3), 4));
        Assert.InRange(At(belief, 2.1).RateBitsPerSecond, 2.9e6, 3.1e6);
    }

    [Fact]
    public void Observe_Fallback_BoundsTheRateByWhatDidNotGetThrough()
    {
        var belief = new LinkEstimator();
        belief.Observe(Sent(0, 15), 4);
        Assert.True(belief.Observe(Lost(1, 10_000), 0));
        Assert.InRange(At(belief, 1).RateBitsPerSecond, 0, 0.8e6);
    }

    [Fact]
    public void Observe_NewerProbeAfterAFailure_RestoresTheLink()
    {
        var belief = new LinkEstimator();
        belief.Observe(Sent(0, 15), 4);
        belief.Observe(Lost(1, 100), 0);
        belief.Observe(new LinkSnapshot { Up = true, RateBitsPerSecond = 14e6, RttMs = 10, AgeSeconds = 0, TailFactor = 1 }, 1.5);
        Assert.InRange(At(belief, 1.5).RateBitsPerSecond, 13.9e6, 14.1e6);
    }

    [Fact]
    public void Fill_OldBadNews_FadesTowardsTheUsual()
    {
        var belief = new LinkEstimator();
        for (int i = 0; i < 100; i++) belief.Observe(Sent(i * 0.1, 15), 4);
        belief.Observe(Lost(10, 1000), 0);
        Assert.True(At(belief, 10).RateBitsPerSecond < 0.1e6);
        Assert.True(At(belief, 60).RateBitsPerSecond > 10e6);
    }

    [Fact]
    public void Observe_TailSlowsDown_FactorFollowsAndFades()
    {
        var belief = new LinkEstimator();
        belief.Observe(Sent(0, 15), 4);
        TaskRecord slow = Sent(1, 15);
        slow.TailMs = 24;
        Assert.True(belief.Observe(slow, 4));
        Assert.Equal(6, At(belief, 1).TailFactor, 6);
        Assert.True(At(belief, 30).TailFactor < 1.5);
    }
}
