using EdgeML.Native.Numerics;

namespace EdgeML.Native.Tests.Numerics;

public class NormalDistributionTests
{
    // To all digits of double precision, from tables of the error function.
    [Theory]
    [InlineData(0, 0.5)]
    [InlineData(-0.5, 0.30853753872598694)]
    [InlineData(0.5, 0.69146246127401301)]
    [InlineData(-1, 0.15865525393145707)]
    [InlineData(1, 0.84134474606854293)]
    [InlineData(-1.959963984540054, 0.025)]
    [InlineData(-2, 0.022750131948179212)]
    [InlineData(-2.5758293035489008, 0.005)]
    [InlineData(-3, 0.0013498980316300957)]
    [InlineData(-3.090232306167813, 0.001)]
    [InlineData(-4, 3.1671241833119965e-05)]
    [InlineData(-6, 9.8658764503769814e-10)]
    [InlineData(-10, 7.6198530241605269e-24)]
    [InlineData(3, 0.99865010196836990)]
    public void Exact_KnownValue_AgreesToTwelveDigits(double deviations, double expected)
    {
        Assert.InRange(NormalDistribution.Exact(deviations) / expected, 1 - 1e-12, 1 + 1e-12);
        Assert.Equal(1 - expected, NormalDistribution.Exact(-deviations), 1e-14);
    }

    [Fact]
    public void Exact_SeriesAndContinuedFraction_MeetWithoutAStep()
    {
        double below = NormalDistribution.Exact(-3 + 1e-9), at = NormalDistribution.Exact(-3);
        double density = Math.Exp(-4.5) / Math.Sqrt(2 * Math.PI);
        Assert.Equal(density * 1e-9, below - at, 1e-14);
    }

    [Fact]
    public void Cdf_EverywhereInTheTable_IsAsCloseAsItSays()
    {
        double worst = 0, last = 0;
        for (double x = -6; x <= 6; x += 0.001)
        {
            double value = NormalDistribution.Cdf(x);
            worst = Math.Max(worst, Math.Abs(value - NormalDistribution.Exact(x)));
            Assert.True(value >= last, $"falls at {x}");
            last = value;
        }
        Assert.InRange(worst, 0, 8e-6);
        Assert.Equal(0.0013498980316301, NormalDistribution.Cdf(-3), 1e-12);
    }

    [Fact]
    public void Cdf_FarOutAndNoNumber_AreCertainties()
    {
        Assert.Equal(1, NormalDistribution.Cdf(double.PositiveInfinity));
        Assert.Equal(0, NormalDistribution.Cdf(double.NegativeInfinity));
        Assert.Equal(0, NormalDistribution.Cdf(double.NaN));
        Assert.Equal(0, NormalDistribution.Exact(double.NegativeInfinity));
        Assert.Equal(1, NormalDistribution.Exact(double.PositiveInfinity));
    }
}
