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

    static PlanningConditions At(LinkEstimator link, double now)
    {
        PlanningConditions conditions = default;
        link.Fill(ref conditions, now);
        return conditions;
    }

    [Fact]
    public void Observe_RateDropsToAFifth_IsBelievedAtOnce()
    {
        var link = new LinkEstimator();
        for (int i = 0; i < 20; i++) link.Observe(Sent(i * 0.1, 15 + (0.5 * (i % 3))), 4);
        Assert.InRange(At(link, 2).RateBitsPerSecond, 14.8e6, 16.2e6);
        Assert.True(link.Observe(Sent(2.1, 3), 4));
        Assert.InRange(At(link, 2.1).RateBitsPerSecond, 2.9e6, 3.1e6);
    }

    [Fact]
    public void Observe_LinkToAnotherTail_StartsAgainFromItsMeasurements()
    {
        var link = new LinkEstimator();
        for (int i = 0; i < 20; i++) link.Observe(Sent(i * 0.1, 15), 4);
        link.Observe(Lost(2, 50_000), 4);
        var other = new LinkSnapshot { Up = true, Tail = 1, RateBitsPerSecond = 6e6, RttMs = 40, TailFactor = 2, TailQueueMs = 3, AgeSeconds = 0.5 };
        link.Observe(other, 2.1);
        PlanningConditions conditions = At(link, 2.1);
        Assert.InRange(conditions.RateBitsPerSecond, 5.9e6, 6.1e6);
        Assert.Equal((40, 2, 3), (conditions.RttMs, conditions.TailFactor, conditions.TailQueueMs));
        // Back on the first one, nothing is left of the other.
        link.Observe(new LinkSnapshot { Up = true, Tail = 0, RateBitsPerSecond = 15e6, RttMs = 10, TailFactor = 1, AgeSeconds = 1 }, 4);
        conditions = At(link, 4);
        Assert.InRange(conditions.RateBitsPerSecond, 14.9e6, 15.1e6);
        Assert.Equal((10, 1, 0), (conditions.RttMs, conditions.TailFactor, conditions.TailQueueMs));
    }

    [Fact]
    public void Observe_Fallback_BoundsTheRateByWhatDidNotGetThrough()
    {
        var link = new LinkEstimator();
        link.Observe(Sent(0, 15), 4);
        Assert.True(link.Observe(Lost(1, 10_000), 0));
        Assert.InRange(At(link, 1).RateBitsPerSecond, 0, 0.8e6);
    }

    [Fact]
    public void Observe_NewerProbeAfterAFailure_RestoresTheLink()
    {
        var link = new LinkEstimator();
        link.Observe(Sent(0, 15), 4);
        link.Observe(Lost(1, 100), 0);
        link.Observe(new LinkSnapshot { Up = true, RateBitsPerSecond = 14e6, RttMs = 10, AgeSeconds = 0, TailFactor = 1 }, 1.5);
        Assert.InRange(At(link, 1.5).RateBitsPerSecond, 13.9e6, 14.1e6);
    }

    [Fact]
    public void Fill_OldBadNews_FadesTowardsTheUsual()
    {
        var link = new LinkEstimator();
        for (int i = 0; i < 100; i++) link.Observe(Sent(i * 0.1, 15), 4);
        link.Observe(Lost(10, 1000), 0);
        Assert.True(At(link, 10).RateBitsPerSecond < 0.1e6);
        Assert.True(At(link, 60).RateBitsPerSecond > 10e6);
    }

    [Fact]
    public void Observe_TailSlowsDown_FactorFollowsAndFades()
    {
        var link = new LinkEstimator();
        link.Observe(Sent(0, 15), 4);
        TaskRecord slow = Sent(1, 15);
        slow.TailMs = 24;
        Assert.True(link.Observe(slow, 4));
        Assert.Equal(6, At(link, 1).TailFactor, 6);
        Assert.True(At(link, 30).TailFactor < 1.5);
    }
}
