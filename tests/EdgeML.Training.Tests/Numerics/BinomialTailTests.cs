using EdgeML.Training.Numerics;

namespace EdgeML.Training.Tests.Numerics;

public class BinomialTailTests
{
    [Theory]
    [InlineData(0, 10, 0.1, 0.3486784401)]
    [InlineData(2, 10, 0.5, 0.0546875)]
    [InlineData(10, 10, 0.5, 1)]
    [InlineData(-1, 10, 0.5, 0)]
    [InlineData(16, 5000, 0.005, 0.0374001)]
    public void AtMost_KnownValues_AreMet(int failures, int trials, double rate, double expected) =>
        Assert.Equal(expected, BinomialTail.AtMost(failures, trials, rate), 5);

    [Theory]
    [InlineData(598, 0)]
    [InlineData(597, -1)]
    [InlineData(3750, 11)]
    public void MostAllowed_HalfAPointAtFivePercent_IsTheLargestThatTests(int trials, int expected)
    {
        Assert.Equal(expected, BinomialTail.MostAllowed(trials, 0.005, 0.05));
        Assert.True(BinomialTail.AtMost(expected, trials, 0.005) <= 0.05);
        Assert.True(BinomialTail.AtMost(expected + 1, trials, 0.005) > 0.05);
    }

    [Fact]
    public void FewestTrials_HalfAPoint_IsWhereNoFailureIsEnough() => Assert.Equal(598, BinomialTail.FewestTrials(0.005, 0.05));

    [Fact]
    public void Upper_NoFailure_IsTheClosedForm()
    {
        Assert.Equal(1 - Math.Pow(0.05, 1.0 / 100), BinomialTail.Upper(0, 100, 0.05), 9);
        Assert.Equal(0.05, BinomialTail.AtMost(7, 200, BinomialTail.Upper(7, 200, 0.05)), 9);
        Assert.Equal(1, BinomialTail.Upper(5, 5, 0.05));
    }
}
