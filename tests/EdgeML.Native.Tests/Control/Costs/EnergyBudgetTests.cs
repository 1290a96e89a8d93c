using EdgeML.Native.Control.Costs;

namespace EdgeML.Native.Tests.Control.Costs;

public class EnergyBudgetTests
{
    static EnergyBudget After(double joules, int intervals = 2)
    {
        var budget = new EnergyBudget();
        for (int i = 0; i < intervals; i++)
        {
            for (int task = 0; task < 5; task++) budget.Spend(joules);
            budget.CloseInterval();
        }
        return budget;
    }

    [Fact]
    public void Level_Overspent_MustSaveExactlyTheExcess()
    {
        // 10 tasks at 1.1 of 15 at 1: five are left 4 J.
        Assert.Equal(0.8, After(1.1).Level(1), 9);
        Assert.Equal(1, After(1).Level(1), 9);
    }

    [Fact]
    public void Level_Saved_SpendsHalfOfIt() => Assert.Equal(1.1, After(0.9).Level(1), 9);

    [Fact]
    public void Level_OldIntervals_AreForgotten()
    {
        EnergyBudget budget = After(5);
        for (int i = 0; i < 2; i++)
        {
            budget.Spend(1);
            budget.CloseInterval();
        }
        Assert.Equal(1, budget.Level(1), 9);
    }

    [Fact]
    public void Level_NoBoundOrFarOver_StaysUsable()
    {
        Assert.Equal(1, After(100).Level(double.PositiveInfinity));
        Assert.Equal(0.3, After(100).Level(1));
    }

    [Theory]
    [InlineData(0.9, 0.8, 1, false)]
    [InlineData(1.2, 0.8, 1, false)]
    [InlineData(1.6, 0.8, 2, true)]
    [InlineData(1.6, 0.8, 5, false)]
    [InlineData(1.2, 1.1, 1, true)]
    public void IsLost_OutsideAndHardlyComingBack_GivesTheIntervalUp(double each, double expected, int tasks, bool lost)
    {
        EnergyBudget budget = After(1);
        for (int i = 0; i < tasks; i++) budget.Spend(each);
        Assert.Equal(lost, budget.IsLost(1, expected, 0.2));
        Assert.False(budget.IsLost(double.PositiveInfinity, expected, 0.2));
    }

    [Theory]
    [InlineData(0.9, 1.2, true)]
    [InlineData(1.2, 1.2, false)]
    [InlineData(0.5, 0.1, false)]
    public void ShouldClose_InsideButLikelyNotForLong_ClosesTheInterval(double spent, double expected, bool closes)
    {
        EnergyBudget budget = After(1);
        budget.Spend(spent);
        Assert.Equal(closes, budget.ShouldClose(1, expected, 0.3));
        Assert.False(budget.ShouldClose(double.PositiveInfinity, expected, 0.3));
    }

    [Fact]
    public void ShouldClose_TasksThatAllCostTheSame_GoesOnNearTheBound()
    {
        // Just below the bound, and so will be what comes: nothing is risked by going on, and long intervals average more.
        EnergyBudget budget = After(0.97);
        budget.Spend(0.97);
        Assert.False(budget.ShouldClose(1, 0.97, 0.01));
        Assert.True(budget.ShouldClose(1, 0.97, 0.4));
    }
}
