using EdgeML.Native.Preparation.Verification;

namespace EdgeML.Native.Tests.Preparation.Verification;

/// <summary>What counts as the same scores when a package is compared with its file.</summary>
public sealed class ScoreComparisonTests
{
    static ScoreComparison Compare(Func<int, float[]> expected, Func<int, float[]> got, double? step = null)
    {
        var comparison = new ScoreComparison(1e-4, 0.05, step);
        for (int i = 0; i < 4; i++) comparison.Add(expected(i), got(i));
        return comparison;
    }

    [Theory]
    [InlineData(-1e9f)]
    [InlineData(-1e4f)]
    [InlineData(float.MinValue)]
    [InlineData(float.NegativeInfinity)]
    public void Holds_MaskedClass_DoesNotHideWhatTheOthersAreOffBy(float mask)
    {
        Assert.False(Compare(i => [i, 3 - i, mask + i], i => [i + 0.01f, 3 - i, mask + i]).Holds());
        Assert.True(Compare(i => [i, 3 - i, mask + i], i => [i + 0.0001f, 3 - i, mask + i]).Holds());
    }

    [Fact]
    public void Holds_MaskRoundedOtherwise_IsMeasuredByItsOwnSize()
    {
        Assert.True(Compare(i => [i, 3 - i, -1e9f], i => [i, 3 - i, -1e9f + 64]).Holds());
        Assert.False(Compare(i => [i, 3 - i, -1e9f], i => [i, 3 - i, -1e8f]).Holds());
    }

    [Fact]
    public void Holds_LargeScoresThatVary_AreTheMeasure()
    {
        Assert.True(Compare(i => [i, -1000f * i], i => [i + 0.2f, -1000f * i]).Holds());
        Assert.False(Compare(i => [i, -1000f * i], i => [i + 0.4f, -1000f * i]).Holds());
    }

    [Fact]
    public void Holds_ScoresTheSameForAllInputs_AreComparedToo()
    {
        Assert.True(Compare(_ => [0, 0], _ => [0, 0]).Holds());
        Assert.False(Compare(_ => [0, 0], _ => [0, 0.001f]).Holds());
        Assert.False(Compare(_ => [5, 1], _ => [5, 1.001f]).Holds());
    }

    [Fact]
    public void Holds_NoNumberOrAnotherLength_IsInfinitelyFar()
    {
        ScoreComparison comparison = Compare(_ => [1, 2], i => [1, i == 3 ? float.NaN : 2], step: 10);
        Assert.False(comparison.Holds());
        Assert.Equal(double.PositiveInfinity, comparison.Worst);
        Assert.False(Compare(_ => [1, 2], _ => [1]).Holds());
    }
}
