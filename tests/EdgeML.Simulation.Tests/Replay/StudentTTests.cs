using EdgeML.Simulation.Replay;

namespace EdgeML.Simulation.Tests.Replay;

public class StudentTTests
{
    // Quantiles of published tables: 97.5 % and 99.5 % on one side.
    [Theory]
    [InlineData(1, 12.70620, 63.65674)]
    [InlineData(2, 4.302653, 9.924843)]
    [InlineData(3, 3.182446, 5.840909)]
    [InlineData(4, 2.776445, 4.604095)]
    [InlineData(5, 2.570582, 4.032143)]
    [InlineData(10, 2.228139, 3.169273)]
    [InlineData(30, 2.042272, 2.749996)]
    [InlineData(31, 2.039513, 2.744042)]
    [InlineData(40, 2.021075, 2.704459)]
    [InlineData(60, 2.000298, 2.660283)]
    [InlineData(120, 1.979930, 2.617421)]
    [InlineData(1000, 1.962339, 2.580755)]
    public void Within_PublishedQuantile_AgreesToSevenDigits(int degrees, double within95, double within99)
    {
        Assert.InRange(StudentT.Within(0.95, degrees) / within95, 1 - 5e-7, 1 + 5e-7);
        Assert.InRange(StudentT.Within(0.99, degrees) / within99, 1 - 5e-7, 1 + 5e-7);
    }

    [Fact]
    public void Within_OneAndTwoDegrees_HaveClosedForms()
    {
        foreach (double p in (double[])[0.01, 0.5, 0.9, 0.95, 0.99])
        {
            Assert.Equal(Math.Tan(Math.PI * p / 2), StudentT.Within(p, 1), 1e-9);
            Assert.Equal(p * Math.Sqrt(2 / (1 - (p * p))), StudentT.Within(p, 2), 1e-9);
        }
    }

    [Fact]
    public void Within_MoreDegrees_FallsSmoothlyTowardsTheNormalDistribution()
    {
        double last = StudentT.Within(0.95, 2);
        for (int degrees = 3; degrees <= 400; degrees++)
        {
            double next = StudentT.Within(0.95, degrees);
            // No step: t goes to 1.96 as 1 + 1.2 / degrees, one degree more changes it by about that over degrees squared.
            Assert.InRange(1 - (next / last), 0, 3.0 / (degrees * (degrees - 1)) * 1.2);
            last = next;
        }
        Assert.Equal(1.959964, StudentT.Within(0.95, 1_000_000), 1e-5);
    }

    [Fact]
    public void Interval_ThirtyOneAndThirtyTwoSeeds_HaveTheSameWidthAsideFromTheirSpread()
    {
        Assert.InRange(1 - (WidthOf(32) / WidthOf(31)), 0, 0.002);
        Assert.Equal(2.0395134, WidthOf(32), 1e-6);

        // Half a width in units of the mean's standard error.
        static double WidthOf(int seeds)
        {
            double[] values = [.. Enumerable.Range(0, seeds).Select(i => (double)i)];
            double mean = values.Average();
            double error = Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (seeds - 1) / seeds);
            return ReplayPool.Interval(values).HalfWidth / error;
        }
    }

    [Fact]
    public void Within_NoProbabilityOrNoDegrees_Throws()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => StudentT.Within(1, 5));
        Assert.Throws<ArgumentOutOfRangeException>(() => StudentT.Within(double.NaN, 5));
        Assert.Throws<ArgumentOutOfRangeException>(() => StudentT.Within(0.95, 0));
    }
}
