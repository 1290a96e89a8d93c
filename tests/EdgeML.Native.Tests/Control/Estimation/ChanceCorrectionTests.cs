using EdgeML.Native.Control.Estimation;

namespace EdgeML.Native.Tests.Control.Estimation;

public class ChanceCorrectionTests
{
    [Theory]
    [InlineData(0.5, 0.9)]
    [InlineData(0.5, 0.1)]
    [InlineData(0.8, 0.6)]
    public void Corrected_OutcomesUnlikeWhatWasSaid_LearnsHowOftenTheyAreGood(double said, double truth)
    {
        var correction = new ChanceCorrection();
        Assert.Equal(said, correction.Corrected(said), 12);
        var random = new Random(3);
        double sum = 0;
        for (int i = 0; i < 600; i++)
        {
            correction.Observe(said, random.NextDouble() < truth);
            if (i >= 100) sum += correction.Corrected(said) / 500;
        }
        Assert.InRange(sum, truth - 0.06, truth + 0.06);
    }

    [Fact]
    public void Corrected_Anything_StaysAChance()
    {
        var correction = new ChanceCorrection();
        for (int i = 0; i < 1000; i++) correction.Observe(0.999, good: false);
        Assert.InRange(correction.Corrected(1), 0, 0.2);
        Assert.InRange(correction.Corrected(0), 0, 0.02);
        Assert.True(correction.Corrected(0.6) > correction.Corrected(0.4));
    }
}
