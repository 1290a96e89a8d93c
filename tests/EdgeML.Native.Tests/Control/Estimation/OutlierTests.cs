using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Estimation;

namespace EdgeML.Native.Tests.Control.Estimation;

public class OutlierTests
{
    [Fact]
    public void Smoothed_OneValueFarOff_IsForgotten()
    {
        var mean = new Smoothed(0.1, 1.5, prior: 1, confirms: true);
        Assert.False(mean.Add(23));
        Assert.True(double.IsNaN(mean.Value));
        Assert.True(mean.Add(1.2));
        Assert.Equal(1.2, mean.Value);
        Assert.False(mean.Add(30));
        Assert.False(mean.Add(1.2));
        Assert.False(mean.Add(30));
        Assert.Equal(1.2, mean.Value, 9);
    }

    [Fact]
    public void Smoothed_TwoInARow_AreANewLevelAtTheNearerOne()
    {
        var mean = new Smoothed(0.1, 1.5, prior: 1, confirms: true);
        Assert.False(mean.Add(23));
        Assert.True(mean.Add(3));
        Assert.Equal(3, mean.Value);
        Assert.False(mean.Add(9));
        // Back to where it was, at once.
        Assert.True(mean.Add(1));
        Assert.Equal(1, mean.Value);
    }

    [Fact]
    public void Smoothed_WithoutConfirmation_JumpsAtOnce()
    {
        var mean = new Smoothed(0.1, 1.5);
        Assert.True(mean.Add(4));
        Assert.True(mean.Add(9));
        Assert.Equal(9, mean.Value);
    }

    [Fact]
    public void Overhead_OneTaskThatWaited_IsForgotten()
    {
        var overhead = new Overhead(priorTasks: 4);
        overhead.Learn(21, answerMs: 0.9);
        Assert.Equal(0, overhead.Ms);
        overhead.Learn(0.1, 0.9);
        overhead.Learn(21, 0.9);
        Assert.InRange(overhead.Ms, 0.001, 0.1);
    }

    [Fact]
    public void Overhead_ThatStays_IsLearned()
    {
        var overhead = new Overhead(priorTasks: 4);
        for (int i = 0; i < 200; i++) overhead.Learn(4, 2.5);
        Assert.InRange(overhead.Ms, 3.9, 4);
    }
}
