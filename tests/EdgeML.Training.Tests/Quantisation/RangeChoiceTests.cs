using EdgeML.Training.Quantisation;

namespace EdgeML.Training.Tests.Quantisation;

public sealed class RangeChoiceTests
{
    [Fact]
    public void Add_LargerValuesLater_NothingIsLostWhenBinsWiden()
    {
        var seen = new ValueHistogram("x");
        seen.Add([0f, 0.001f, -0.002f]);
        seen.Add([0f, 5f, -300f, 12f]);

        Assert.Equal((-300f, 12f, 7L), (seen.Min, seen.Max, seen.Count));
        Assert.Equal(7, Sum(seen.Above) + Sum(seen.Below));
        Assert.Equal(1, seen.Below[(int)(300 / seen.Width)]);
    }

    [Fact]
    public void Add_NotFinite_NamesTheTensor()
    {
        var seen = new ValueHistogram("conv3");

        Assert.Contains("'conv3'", Assert.Throws<InvalidDataException>(() => seen.Add([1f, float.NaN])).Message);
        Assert.Contains("'conv3'", Assert.Throws<InvalidDataException>(() => seen.Add([1f, float.PositiveInfinity])).Message);
    }

    [Theory]
    [InlineData(0, 6)]
    [InlineData(-3, 5)]
    [InlineData(2, 9)]
    [InlineData(-7, -1)]
    [InlineData(0, 1e-20)]
    [InlineData(-3e38, 3e38)]
    public void Of_AnyRange_HoldsZeroExactlyAndTheEndsWithinHalfAStep(double low, double high)
    {
        TensorScale scale = TensorScale.Of((float)low, (float)high);

        Assert.Equal(0, scale.Rounded(0));
        Assert.True(float.IsFinite(scale.Scale) && scale.Scale > 0);
        Assert.True(scale.Low <= Math.Min(low, 0) + (0.51 * scale.Scale));
        Assert.True(scale.High >= Math.Max(high, 0) - (0.51 * scale.Scale));
    }

    [Fact]
    public void Of_OnlyZeros_AnyMethodGivesAScale()
    {
        var seen = new ValueHistogram("x");
        seen.Add(new float[100]);

        foreach (RangeMethod method in Enum.GetValues<RangeMethod>()) Assert.True(RangeChoice.Of(seen, method).Scale > 0);
    }

    [Fact]
    public void Of_AValueFarOutside_OnlyMinMaxKeepsIt()
    {
        var seen = new ValueHistogram("x");
        var random = new Random(3);
        float[] values = new float[100_000];
        for (int i = 0; i < values.Length; i++) values[i] = (float)(random.NextDouble() + random.NextDouble());
        values[7] = 400;
        seen.Add(values);

        Assert.InRange(RangeChoice.Of(seen, RangeMethod.MinMax).High, 399.9f, 400.1f);
        Assert.InRange(RangeChoice.Of(seen, RangeMethod.Percentile).High, 1.5f, 2.5f);
        // One value of 100,000 that is clipped costs more than coarser steps of all others save; but not all of its size.
        Assert.InRange(RangeChoice.Of(seen, RangeMethod.Mse).High, 100f, 399f);
    }

    static long Sum(ReadOnlySpan<long> bins)
    {
        long sum = 0;
        foreach (long bin in bins) sum += bin;
        return sum;
    }
}
