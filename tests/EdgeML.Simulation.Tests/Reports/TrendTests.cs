using EdgeML.Simulation.Reports;

namespace EdgeML.Simulation.Tests.Reports;

public class TrendTests
{
    /// <summary>Values of a year of statistics courses: x 1..5, y 2, 4, 5, 4, 5 has the slope 0.6 and, with 3 degrees of freedom, the margin
    /// 3.182 * sqrt(2.4 / 3 / 10).</summary>
    [Fact]
    public void Of_KnownValues_SlopeAndMargin()
    {
        Trend trend = Trend.Of([(1, 2), (2, 4), (3, 5), (4, 4), (5, 5)]);

        Assert.Equal(4, trend.Mean, 9);
        Assert.Equal(0.6, trend.Slope, 9);
        Assert.Equal(3.182446 * Math.Sqrt(2.4 / 3 / 10), trend.Margin, 5);
        Assert.Equal(4, trend.Hours, 9);
        Assert.False(trend.IsGrowing);
    }

    [Fact]
    public void Of_SegmentsAtOtherLevels_IsNotGrowth()
    {
        Trend trend = Trend.Of(Segment(0, 100, 0), Segment(1, 200, 0));

        Assert.InRange(trend.Slope, -0.02, 0.02);
        Assert.False(trend.IsGrowing);
    }

    [Theory]
    [InlineData(10, true)]
    [InlineData(1, false)]
    [InlineData(-10, false)]
    public void IsGrowing_OnlyAboveTheShareThatIsNone(double perHour, bool growing) =>
        Assert.Equal(growing, Trend.Of(Segment(0, 100, perHour), Segment(1, 120, perHour)).IsGrowing);

    [Fact]
    public void Of_TooFewValues_TellsNothing()
    {
        Trend trend = Trend.Of([(0, 1)], []);

        Assert.Equal(double.PositiveInfinity, trend.Margin);
        Assert.False(trend.IsGrowing);
    }

    /// <summary>Sixty values in an hour, with a small noise that is no growth.</summary>
    static (double, double)[] Segment(double from, double level, double perHour) =>
        [.. Enumerable.Range(0, 60).Select(i => (from + (i / 60.0), level + (perHour * i / 60) + (i % 2 == 0 ? 0.1 : -0.1)))];
}
