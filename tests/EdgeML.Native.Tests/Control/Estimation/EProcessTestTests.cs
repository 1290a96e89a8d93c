using EdgeML.Native.Control.Estimation;

namespace EdgeML.Native.Tests.Control.Estimation;

public class EProcessTestTests(ITestOutputHelper output)
{
    [Fact]
    public void Observe_RateAtTheBound_RarelyAlarmsHoweverOftenOneLooks()
    {
        const int Seed = 11, Runs = 400, Looks = 20_000;
        var random = new Random(Seed);
        int alarms = 0;
        for (int run = 0; run < Runs; run++)
        {
            var watch = new EProcessTest(0.02);
            for (int i = 0; i < Looks; i++)
            {
                watch.Observe(random.NextDouble() < 0.02);
                if (watch.Evidence < 20) continue;
                alarms++;
                break;
            }
        }
        output.WriteLine($"{alarms} of {Runs} runs alarm within {Looks} looks, seed {Seed}");
        Assert.InRange(alarms, 0, (0.05 * Runs) + (3 * Math.Sqrt(0.05 * 0.95 * Runs)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(20_000)]
    public void Observe_RateFiveTimesTheBound_IsFoundSoonAlsoAfterAQuietTime(int quiet)
    {
        const int Seed = 12;
        var random = new Random(Seed);
        var watch = new EProcessTest(0.01);
        for (int i = 0; i < quiet; i++) watch.Observe(random.NextDouble() < 0.004);
        int found = 0;
        while (watch.Evidence < 20 && found < 5000)
        {
            watch.Observe(random.NextDouble() < 0.05);
            found++;
        }
        output.WriteLine($"after {quiet} quiet looks found with {found}, seed {Seed}");
        Assert.InRange(found, 10, 800);
    }

    [Fact]
    public void Observe_LongWithoutFailure_StaysFiniteAndBelowOne()
    {
        var watch = new EProcessTest(0.5);
        for (int i = 0; i < 100_000; i++) watch.Observe(false);
        Assert.InRange(watch.Evidence, 0, 1);
        watch.Reset();
        Assert.Equal((1, 0), (watch.Evidence, watch.Observations));
        Assert.Throws<ArgumentOutOfRangeException>(() => new EProcessTest(1));
    }
}
