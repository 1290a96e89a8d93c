using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Loop;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Policies;
using EdgeML.Native.Tests.Control.Costs;

namespace EdgeML.Native.Tests.Control.Planning;

/// <summary>The standby exit as a part of the policy: a value, its rules, and what a guarantee makes of it.</summary>
public class StandbyPolicyTests
{
    static readonly ExitPolicy s_policy = new([0.25f, 0f, 0.5f], 3, 4, bottleneck: 2, standby: 3);

    static readonly AccuracyGuarantee s_guarantee = SyntheticModel.Guarantee(0.25f);

    [Fact]
    public void Equals_OnlyTheStandbyDiffers_DiffersAlsoInHash()
    {
        var same = new ExitPolicy([0.25f, 0f, 0.5f], 3, 4, 2, 3);
        ExitPolicy other = s_policy.WithStandby(2), none = s_policy.WithStandby(0);
        Assert.True(s_policy == same && s_policy.Equals((object)same));
        Assert.Equal(s_policy.GetHashCode(), same.GetHashCode());
        foreach (ExitPolicy each in (ExitPolicy[])[other, none])
        {
            Assert.True(s_policy != each);
            Assert.NotEqual(s_policy.GetHashCode(), each.GetHashCode());
        }
        Assert.Equal((3, 2, 0), (s_policy.Standby, other.Standby, none.Standby));
        Assert.Equal(new ExitPolicy([0.25f, 0f, 0.5f], 3, 4, 2), none);
        Assert.Equal(0, default(ExitPolicy).Standby);
    }

    [Fact]
    public void With_AnyOtherPart_KeepsTheStandbyButAnotherCutDropsIt()
    {
        Assert.Equal(new ExitPolicy([0.25f, 0f, 0.5f], 3, 1, 2, 3), s_policy.WithInterval(1));
        Assert.Equal(new ExitPolicy([0.25f, 0f, 0.5f], 3, 4, 0, 3), s_policy.WithBottleneck(0));
        Assert.Equal(new ExitPolicy([0.25f, 0f, 0.5f], 3, 4, 2, 1), s_policy.WithStandby(1));
        // Under another cut the exit may not be able to stand by.
        Assert.Equal(new ExitPolicy([0.25f, 0f, 0.5f], 6, 4), s_policy.WithCut(6));
    }

    [Fact]
    public void ToString_Standby_IsNamedOnlyWhereThereIsOne()
    {
        Assert.Equal("cut 3 by bottleneck 2, standby exit 3, thresholds [0.25 0.00 0.50], 4 tasks", s_policy.ToString());
        Assert.Equal("cut 3 by bottleneck 2, thresholds [0.25 0.00 0.50], 4 tasks", s_policy.WithStandby(0).ToString());
    }

    [Theory]
    [InlineData(4)]
    [InlineData(-1)]
    [InlineData(257)]
    public void Constructor_StandbyTheThresholdsDoNotSpeakOf_SaysTheNumbers(int standby)
    {
        string said = Assert.Throws<ArgumentException>(() => new ExitPolicy([0f, 0f, 0f], 3, standby: standby)).Message;
        Assert.StartsWith($"standby exit {standby} is outside 0..3", said);
        Assert.DoesNotContain('\n', said);
        Assert.Throws<ArgumentException>(() => s_policy.WithStandby(standby));
        Assert.Throws<ArgumentException>(() => new ExitPolicy([], 0, standby: 1));
    }

    [Theory]
    [InlineData(100, 99)]
    [InlineData(10, 9)]
    [InlineData(5, 4.5)]
    [InlineData(1000, 990)]
    [InlineData(0, 0)]
    [InlineData(double.PositiveInfinity, double.PositiveInfinity)]
    public void DeadlineMs_OfABound_LeavesTimeToHandTheAnswerOn(double boundMs, double expected) =>
        Assert.Equal(expected, HedgeSchedule.DeadlineMs(boundMs), 9);

    // Exits follow units 3, 6 and 9.
    [Theory]
    [InlineData(0, 1, 0f, true)]
    [InlineData(2, 1, 0f, true)]
    [InlineData(3, 2, 0f, true)]
    [InlineData(6, 2, 0.01f, true)]
    [InlineData(9, 0, 0f, true)]
    [InlineData(3, 1, 0f, false)]
    [InlineData(12, 3, 0f, false)]
    public void Check_ExitThatIsNeverComputed_IsRefusedWithItsNumbers(int cut, int standby, float threshold, bool accepted)
    {
        float[] thresholds = [0f, 0f, 0f];
        if (standby > 0) thresholds[standby - 1] = threshold;
        var policy = new ExitPolicy(thresholds, cut, standby: standby);
        Exception? refused = Record.Exception(() => HedgeSchedule.Check(policy, SyntheticModel.Manifest()));
        if (accepted)
        {
            Assert.Null(refused);
            return;
        }
        Assert.Equal(
            $"exit {standby} follows unit {3 * standby}, before cut {cut}, and is not tried: it cannot be the standby exit",
            Assert.IsType<ArgumentException>(refused).Message);
        var context = new ControllerContext
        {
            Model = new CostModel(SyntheticModel.Manifest(), SyntheticModel.Edge(), null, SyntheticModel.Samples(50, 1)),
            FixedPolicy = policy,
        };
        Assert.Equal(refused!.Message,
            Assert.Throws<ArgumentException>(() => PolicyControllers.Create(PolicyControllers.Fixed, context)).Message);
    }

    [Fact]
    public void Clamp_StandbyUnderAGuarantee_IsTakenAwayInsideAndOutsideTheLimits()
    {
        var inside = new ExitPolicy([0.1f, 0f, 0.2f], 3, 4, bottleneck: 1, standby: 2);
        Assert.Equal(inside.WithStandby(0), s_guarantee.Clamp(inside));
        Assert.Equal(new ExitPolicy([0.25f, 0f, 0.25f], 3, 4, 2), s_guarantee.Clamp(s_policy));
        Assert.Equal(inside.WithStandby(0), s_guarantee.Clamp(inside.WithStandby(0)));
    }

    [Fact]
    public void Current_ControllerThatAsksForAStandby_RunsWithoutUnderAGuarantee()
    {
        var policy = new ExitPolicy([0f, 0f, 0f], 0, standby: 1);
        var context = new ControllerContext
        {
            Model = new CostModel(SyntheticModel.Manifest(), SyntheticModel.Edge(), null, SyntheticModel.Samples(50, 1)),
            FixedPolicy = policy,
        };
        using var loop = new ControlLoop(PolicyControllers.Create(PolicyControllers.Fixed, context), null, Requirements.None);
        Assert.Equal(1, loop.Current.Standby);
        loop.Guarantee = s_guarantee;
        Assert.Equal(policy.WithStandby(0), loop.Current);
    }
}
