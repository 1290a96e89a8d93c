using EdgeML.Native.Control.Estimation;

namespace EdgeML.Native.Tests.Control.Estimation;

public class UplinkRatePredictorTests
{
    [Fact]
    public void ShareAbove_SteadyLink_IsSureWithinAFewPercent()
    {
        var rates = new UplinkRatePredictor();
        double now = 0;
        for (int i = 0; i < 100; i++, now += 0.1) rates.Observe(8e6, now);
        rates.Refresh(now);
        Assert.True(rates.ShareAbove(7e6) > 0.98, $"{rates.ShareAbove(7e6)}");
        Assert.True(rates.ShareAbove(9e6) < 0.05, $"{rates.ShareAbove(9e6)}");
        Assert.InRange(rates.MedianRate, 7.6e6, 8.4e6);
    }

    [Fact]
    public void Restart_AnotherLink_IsExpectedToStayWhereItIsMeasured()
    {
        var rates = new UplinkRatePredictor();
        double now = 0;
        for (int i = 0; i < 100; i++, now += 0.1) rates.Observe(8e6, now);
        rates.Restart();
        Assert.False(rates.Observe(1e6, now), "the first measurement of a link is no change of it");
        rates.Refresh(now);
        Assert.InRange(rates.MedianRate, 0.9e6, 1.1e6);
        Assert.True(rates.ShareAbove(2e6) < 0.1, $"{rates.ShareAbove(2e6)}");
    }

    [Fact]
    public void ShareAbove_LinkThatComesAndGoes_LearnsHowOftenItIsThere()
    {
        // Half a second of 10 Mbit/s, half a second of 0.1, for a minute; then nothing is measured for ten seconds.
        var rates = new UplinkRatePredictor();
        double now = 0;
        for (; now < 60; now += 0.1) rates.Observe((int)(now * 2) % 2 == 0 ? 10e6 : 0.1e6, now);
        rates.Refresh(now);
        double soon = rates.ShareAbove(1e6);
        rates.Refresh(now + 10);
        double later = rates.ShareAbove(1e6);
        Assert.True(soon < 0.35, $"it was just seen down, {soon:0.00}");
        Assert.InRange(later, 0.3, 0.7);
    }

    [Theory]
    [InlineData(10e6)]
    [InlineData(0.1e6)]
    public void MarkDelayed_AfterSomethingLate_LearnsWhetherTheLinkIsBack(double found)
    {
        var rates = new UplinkRatePredictor();
        double now = 0;
        for (; now < 20; now += 0.1) rates.Observe(10e6, now);
        // What was late came at 0.1 Mbit/s on average; then the next transfer says what the link does.
        double[] chances = new double[8];
        for (int i = 0; i < chances.Length; i++)
        {
            rates.Observe(0.1e6, now);
            rates.Refresh(now + 0.01);
            double before = rates.ShareAbove(1e6);
            rates.MarkDelayed();
            rates.Refresh(now + 0.01);
            chances[i] = rates.ShareAbove(1e6);
            Assert.True(chances[i] > before, $"{chances[i]:0.00} after {before:0.00}");
            rates.Observe(found, now + 0.05);
            for (int k = 1; k < 20; k++) rates.Observe(10e6, now + (k * 0.1));
            now += 2;
        }
        Assert.InRange(chances[0], 0.3, 0.7);
        if (found > 1e6) Assert.True(chances[^1] > 0.75, string.Join(' ', chances));
        else Assert.True(chances[^1] < 0.3, string.Join(' ', chances));
    }

    [Fact]
    public void ShareAbove_AnyHistory_FallsFromOneToZero()
    {
        var rates = new UplinkRatePredictor();
        var random = new Random(5);
        for (int i = 0; i < 200; i++)
        {
            rates.Observe(1e5 * Math.Pow(100, random.NextDouble()), i * 0.2);
            rates.Refresh(i * 0.2);
            double before = 1;
            for (double rate = 1e3; rate < 1e10; rate *= 1.5)
            {
                double share = rates.ShareAbove(rate);
                Assert.InRange(share, 0, before + 1e-9);
                before = share;
            }
        }
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(double.PositiveInfinity)]
    public void Observe_NoRate_ChangesNothing(double rate)
    {
        var rates = new UplinkRatePredictor();
        Assert.False(rates.Observe(rate, 1));
        Assert.Equal(0, rates.Count);
    }
}
