using EdgeML.Native.Control.Learning;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Policies;

namespace EdgeML.Native.Tests.Control.Learning;

public class RewardFunctionTests
{
    const int SideExits = 3;

    static Observation Seen(double latencyMs, double energyJ, double meanExit = 2, double satisfiedExit = 3) => new()
    {
        Tasks = 15,
        LatencyMs = latencyMs,
        EnergyJ = energyJ,
        MeanExit = meanExit,
        MeanExitSatisfied = satisfiedExit,
        Requirements = new Requirements(100, 1.2),
    };

    static double Reward(RewardOptions options, in Observation observation) => new RewardFunction(options, SideExits).Reward(observation);

    [Fact]
    public void Reward_InsideBothBounds_IsMeanExitOfSatisfiedTasksOnItsScale()
    {
        Observation seen = Seen(50, 1);
        Assert.Equal(0.75, Reward(new(), seen), 12);
        Assert.Equal(3, Reward(new() { Scale = ExitRewardScale.Index }, seen), 12);
        Assert.Equal(0.5625, Reward(new() { Scale = ExitRewardScale.SquaredShare }, seen), 12);
        Assert.Equal(0.5, Reward(new() { AllTasks = true }, seen), 12);
    }

    [Fact]
    public void Reward_NoSatisfiedTaskInsideTheMeans_IsZeroOrTheFirstExits()
    {
        Observation seen = Seen(50, 1, satisfiedExit: double.NaN);
        Assert.Equal(0, Reward(new(), seen));
        Assert.Equal(1.0 / 16, Reward(new() { FirstExitWithoutSatisfied = true, Scale = ExitRewardScale.SquaredShare }, seen), 12);
    }

    [Fact]
    public void Reward_BothViolated_IsTheFullPenalty()
    {
        Assert.Equal(-1, Reward(new(), Seen(101, 1.3)));
        Assert.Equal(-2, Reward(new() { BothViolated = 2 }, Seen(101, 1.3)));
    }

    [Fact]
    public void Reward_OneViolated_IsTheArcTangentOfTheExcess()
    {
        // 0.05 s over, the paper's units: 2/pi atan 0.05 = 0.0318; 0.2 over: 0.1257.
        Assert.Equal(-0.0318, Reward(RewardOptions.Paper, Seen(150, 1)), 4);
        Assert.Equal(-0.1257, Reward(RewardOptions.Paper, Seen(50, 1.4)), 4);
        // In bounds: half a bound over, a sixth over.
        Assert.Equal(-2 / Math.PI * Math.Atan(0.5), Reward(new(), Seen(150, 1)), 12);
        Assert.Equal(-2 / Math.PI * Math.Atan(1.4 / 1.2 - 1), Reward(new(), Seen(50, 1.4)), 12);
    }

    [Fact]
    public void Reward_ExactlyOnABound_IsNoSuccessUnlessAskedFor()
    {
        Assert.Equal(0, Reward(new(), Seen(100, 1)));
        Assert.Equal(0, Reward(new(), Seen(100, 1.2)));
        Assert.Equal(0.75, Reward(new() { EqualityInside = true }, Seen(100, 1.2)), 12);
        // On one bound and over the other: the excess alone counts.
        Assert.Equal(-2 / Math.PI * Math.Atan(0.5), Reward(new(), Seen(100, 1.8)), 12);
    }

    [Fact]
    public void Reward_Smooth_JoinsSuccessAndExcessWithoutPlateau()
    {
        var smooth = new RewardOptions { Smooth = true };
        Assert.Equal(0.5 + (0.5 * 3 / 4), Reward(smooth, Seen(50, 1)), 12);
        Assert.Equal(-2 / Math.PI * Math.Atan(4 * (0.5 + 0.5)), Reward(smooth, Seen(150, 1.8)), 12);
        Assert.True(Reward(smooth, Seen(110, 1)) > Reward(smooth, Seen(120, 1)));
    }

    [Fact]
    public void Reward_WithoutBounds_IsASuccess()
    {
        Observation seen = Seen(5000, 50);
        seen.Requirements = Requirements.None;
        Assert.Equal(0.75, Reward(new(), seen), 12);
    }
}
