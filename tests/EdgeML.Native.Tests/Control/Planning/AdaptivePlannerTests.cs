using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Control.Planning;
using EdgeML.Native.Policies;
using EdgeML.Native.Telemetry;
using EdgeML.Native.Tests.Control.Costs;

namespace EdgeML.Native.Tests.Control.Planning;

public class AdaptivePlannerTests
{
    static readonly Requirements s_bounds = new(50, 0.3);

    // Tables do not change under a planner; one model serves all tests.
    static readonly CostModel s_model =
        new(SyntheticModel.Manifest(), SyntheticModel.Edge(), SyntheticModel.Edge(0.4), SyntheticModel.Samples(500, 2));

    static Observation Seen(double mbps, double seconds = 0, bool up = true, Requirements? bounds = null, double decidedMs = 0) => new()
    {
        Link = new LinkSnapshot { Up = up, RateBitsPerSecond = mbps * 1e6, RttMs = 8, TailFactor = 1 },
        Requirements = bounds ?? s_bounds,
        TimeSeconds = seconds,
        DecidedMs = decidedMs,
    };

    /// <summary>A task that the edge answered at an exit, its computing so many times slower than profiled.</summary>
    static TaskRecord Local(ExitPolicy policy, int exit, double seconds, double slower = 1)
    {
        double heads = Enumerable.Range(0, Math.Min(exit, s_model.SideExits))
            .Where(head => policy.Thresholds[head] > 0f).Sum(head => s_model.EdgeHeads[head]);
        double edgeMs = slower * (s_model.EdgePrefix[s_model.AfterUnits[exit - 1]] + heads);
        return new TaskRecord
        {
            Policy = policy,
            Exit = exit,
            EdgeMs = edgeMs,
            LatencyMs = edgeMs,
            EnergyJ = s_model.Power.Joules(edgeMs, edgeMs, 0),
            FirstEntropy = float.NaN,
            RateBitsPerSecond = double.NaN,
            TimeSeconds = seconds,
        };
    }

    [Fact]
    public void Next_FirstPlan_IsInsideTheBoundsAndExplained()
    {
        var planner = new AdaptivePlanner(s_model);
        ExitPolicy policy = planner.Next(Seen(20));
        Assert.Equal(DecisionReason.Initial, planner.Explanation.Reason);
        Assert.Equal(policy, planner.Explanation.Policy);
        Assert.False(planner.Explanation.CannotBeMet);
        Assert.InRange(planner.Explanation.Expected.Satisfaction, 0.9, 1);
        Assert.InRange(planner.Explanation.Expected.LatencyMs, 0, s_bounds.LatencyMs);
        Assert.InRange(planner.Explanation.Expected.EnergyJ, 0, s_bounds.EnergyJ);
    }

    [Fact]
    public void Next_NothingMoved_IsStable()
    {
        var planner = new AdaptivePlanner(s_model);
        ExitPolicy first = planner.Next(Seen(20));
        for (int i = 1; i < 5; i++)
        {
            Assert.Equal(first, planner.Next(Seen(20, 0.01 * i)));
            Assert.Equal(DecisionReason.Stable, planner.Explanation.Reason);
        }
    }

    [Fact]
    public void Next_LinkLostAndFound_GoesLocalAndBack()
    {
        var planner = new AdaptivePlanner(s_model);
        Assert.True(planner.Next(Seen(20)).Cut < s_model.LocalCut);
        Assert.Equal(s_model.LocalCut, planner.Next(Seen(20, 1, up: false)).Cut);
        Assert.Equal(DecisionReason.LinkDown, planner.Explanation.Reason);
        Assert.True(planner.Next(Seen(20, 2)).Cut < s_model.LocalCut);
        Assert.Equal(DecisionReason.LinkChanged, planner.Explanation.Reason);
    }

    [Fact]
    public void Next_BoundsChanged_PlansForThemAtOnce()
    {
        var planner = new AdaptivePlanner(s_model);
        planner.Next(Seen(0.2, bounds: new Requirements(1000, 10)));
        double relaxed = planner.Explanation.Expected.Accuracy;
        var tight = new Requirements(30, 0.2);
        planner.Next(Seen(0.2, 1, bounds: tight));
        Assert.Equal(DecisionReason.BoundsChanged, planner.Explanation.Reason);
        Assert.True(planner.Explanation.Expected.LatencyMs < 30);
        Assert.True(planner.Explanation.Expected.Accuracy < relaxed);
        Assert.Equal(tight, planner.Affordable with { EnergyJ = tight.EnergyJ });
    }

    [Fact]
    public void Next_BoundsThatCannotBeMet_SaysSo()
    {
        var planner = new AdaptivePlanner(s_model);
        planner.Next(Seen(0.1, bounds: new Requirements(1, 0.001)));
        Assert.True(planner.Explanation.CannotBeMet);
    }

    [Fact]
    public void Completed_EdgeAtHalfItsSpeed_IsANewLevelAndPlannedFor()
    {
        // Without a link everything depends on the edge.
        var bounds = new Requirements(200, double.PositiveInfinity);
        var planner = new AdaptivePlanner(s_model);
        ExitPolicy policy = planner.Next(Seen(0, up: false, bounds: bounds));
        for (int i = 0; i < 40; i++)
        {
            planner.Completed(Local(policy, s_model.Exits, 0.1 * i));
            policy = planner.Next(Seen(0, 0.1 * i, up: false, bounds: bounds));
        }
        double before = planner.Explanation.Expected.LatencyMs;
        // One slow task may have been kept waiting; several are a new level, which ends the interval.
        int slow = 1;
        while (slow < 10 && !planner.Completed(Local(policy, s_model.Exits, 4 + slow, slower: 2))) slow++;
        Assert.InRange(slow, 1, 3);
        planner.Next(Seen(0, 8, up: false, bounds: bounds));
        PolicyEstimate corrected = s_model.Estimate(policy, planner.Conditions, bounds);
        Assert.InRange(corrected.LatencyMs / before, 1.8, 2.2);
    }

    [Fact]
    public void Completed_MissOrFallback_EndsTheInterval()
    {
        var planner = new AdaptivePlanner(s_model);
        var bounds = new Requirements(50, double.PositiveInfinity);
        ExitPolicy policy = planner.Next(Seen(0.1, bounds: bounds));
        TaskRecord inside = Local(policy, 1, 0.1);
        planner.Completed(inside);
        Assert.False(planner.Completed(inside with { TimeSeconds = 0.2 }));
        Assert.True(planner.Completed(inside with { TimeSeconds = 0.3, LatencyMs = 80 }));
        planner.Next(Seen(0.1, 0.3, bounds: bounds));
        Assert.True(planner.Completed(inside with { TimeSeconds = 0.4, Fallback = true, WireMs = 20, BytesSent = 1000 }));
    }

    [Fact]
    public void Next_LinkThatWasBadOnce_IsTriedAgainAfterAWhile()
    {
        // The edge alone is inside the bounds with its first exits; the tail would be right more often.
        var bounds = new Requirements(45, double.PositiveInfinity);
        var planner = new AdaptivePlanner(s_model);
        ExitPolicy policy = planner.Next(Seen(20, bounds: bounds));
        double now = 0;
        for (int i = 0; i < 60; i++)
        {
            now += 0.05;
            policy = planner.Next(Seen(20, now, bounds: bounds));
            planner.Completed(new TaskRecord
            {
                Policy = policy,
                Exit = s_model.Exits,
                Offloaded = policy.Cut < s_model.LocalCut,
                LatencyMs = 30,
                EdgeMs = s_model.EdgePrefix[policy.Cut],
                WireMs = 20,
                TailMs = 2,
                BytesSent = (long)s_model.PayloadBytes(policy.Cut),
                RateBitsPerSecond = 20e6,
                FirstEntropy = float.NaN,
                EnergyJ = 0.1,
                TimeSeconds = now,
            });
        }
        Assert.True(policy.Cut < s_model.LocalCut, "a good link is used");
        // Late again and again: the link is left alone, and not for ever.
        int late = 0;
        for (; policy.Cut < s_model.LocalCut && late < 50; late++)
        {
            planner.Completed(new TaskRecord
            {
                Policy = policy,
                Exit = s_model.Exits,
                Fallback = true,
                LatencyMs = 100,
                EdgeMs = s_model.EdgePrefix[^1],
                WireMs = 45,
                BytesSent = 500,
                RateBitsPerSecond = double.NaN,
                FirstEntropy = float.NaN,
                EnergyJ = 0.2,
                TimeSeconds = now += 0.1,
            });
            policy = planner.Next(Seen(double.NaN, now, bounds: bounds));
        }
        Assert.InRange(late, 1, 49);
        int local = 0, tried = 0;
        for (int i = 0; i < 2000 && tried == 0; i++)
        {
            if (policy.Cut < s_model.LocalCut) tried++;
            else
            {
                local++;
                planner.Completed(Local(policy, 1, now += 0.03));
                policy = planner.Next(Seen(double.NaN, now, bounds: bounds));
            }
        }
        Assert.True(local > 0);
        Assert.Equal(1, tried);
        Assert.Contains(planner.Explanation.Reason, (DecisionReason[])[DecisionReason.Probed, DecisionReason.LinkChanged]);
    }

    [Fact]
    public void Next_NoProcessorTimeLeft_KeepsThePlanUnlessItIsUrgent()
    {
        var planner = new AdaptivePlanner(s_model, share: 0);
        ExitPolicy first = planner.Next(Seen(20));
        // Every decision is charged, at most a millisecond of it, until five are owed.
        for (int i = 1; i <= 8; i++) planner.Next(Seen(20, 0.01 * i, decidedMs: 3));
        ExitPolicy broke = planner.Next(Seen(0.1, 10, decidedMs: 3));
        Assert.Equal(first, broke);
        Assert.Equal(DecisionReason.Stable, planner.Explanation.Reason);
        ExitPolicy down = planner.Next(Seen(0.1, 11, up: false, decidedMs: 3));
        Assert.Equal(s_model.LocalCut, down.Cut);
        Assert.Equal(DecisionReason.LinkDown, planner.Explanation.Reason);
    }
}
