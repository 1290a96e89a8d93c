using EdgeML.Native.Offload.Tails;

namespace EdgeML.Native.Tests.Offload.Tails;

public class AnswerTimesTests
{
    [Fact]
    public void Quantile_TooFewTimes_IsNotKnown()
    {
        var times = new AnswerTimes();
        for (int i = 1; i < 16; i++) times.Add(i);
        Assert.Equal(double.NaN, times.Quantile(0.9));
        times.Add(16);
        Assert.Equal(15, times.Quantile(0.9));
        Assert.Equal(16, times.Quantile(1));
    }

    [Fact]
    public void Quantile_OldTimes_AreForgotten()
    {
        var times = new AnswerTimes();
        for (int i = 0; i < 200; i++) times.Add(1000);
        for (int i = 1; i <= 128; i++) times.Add(i);
        Assert.Equal(128, times.Quantile(1));
        Assert.Equal(64, times.Quantile(0.5));
    }

    [Fact]
    public void HedgeBudget_NeverSpendsMoreThanTheQuantileLeaves()
    {
        var budget = new HedgeBudget(0.95);
        int spent = 0;
        for (int task = 0; task < 1000; task++)
        {
            budget.Earn();
            if (budget.TrySpend()) spent++;
        }
        Assert.InRange(spent, 49, 52);
    }

    [Fact]
    public void HedgeBudget_WithoutAQuantile_SpendsNothing()
    {
        var budget = new HedgeBudget(null);
        for (int task = 0; task < 100; task++) budget.Earn();
        Assert.False(budget.TrySpend());
    }
}
