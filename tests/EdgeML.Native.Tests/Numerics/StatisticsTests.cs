using EdgeML.Native.Numerics;

namespace EdgeML.Native.Tests.Numerics;

public class StatisticsTests
{
    [Theory]
    [InlineData(new double[0], double.NaN)]
    [InlineData(new[] { 3.0 }, 3)]
    [InlineData(new[] { 4.0, 1 }, 2.5)]
    [InlineData(new[] { 9.0, 1, 2 }, 2)]
    [InlineData(new[] { 9.0, 1, 2, 4 }, 3)]
    public void Median_EvenCount_IsTheMeanOfTheMiddleTwo(double[] values, double expected)
    {
        double first = values.FirstOrDefault();
        Assert.Equal(expected, Statistics.Median(values));
        Assert.Equal(first, values.FirstOrDefault());
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(0.05, 1)]
    [InlineData(0.1, 1.5)]
    [InlineData(0.11, 2)]
    [InlineData(0.5, 5.5)]
    [InlineData(0.7, 7.5)]
    [InlineData(0.95, 10)]
    [InlineData(0.999, 10)]
    [InlineData(1, 10)]
    public void Quantile_OneToTen_IsTheSecondDefinition(double share, double expected) =>
        Assert.Equal(expected, Statistics.Quantile([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], share));

    // The first numbers from seed 1234567 as published with the generator.
    [Fact]
    public void SplitMix64_PublishedSeed_GivesThePublishedNumbers()
    {
        var random = new SplitMix64(1234567);
        ulong[] numbers = [random.Next(), random.Next(), random.Next()];
        Assert.Equal([6457827717110365317UL, 3203168211198807973UL, 9817491932198370423UL], numbers);
    }
}
