using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Tests.Control.Costs;
using EdgeML.Training.Calibration;

namespace EdgeML.Training.Tests.Calibration;

public class GuaranteeTests(ITestOutputHelper output)
{
    static readonly ModelManifest s_manifest = SyntheticModel.Manifest();

    [Fact]
    public void LostInside_AnyPolicyInTheLimits_LosesNoMore()
    {
        const int Seed = 17;
        var samples = new ExitSamples(SyntheticModel.Samples(2000, Seed), s_manifest);
        int[] rows = [.. Enumerable.Range(0, samples.Count)];
        var random = new Random(Seed);
        for (int round = 0; round < 200; round++)
        {
            float[] limits = [.. Enumerable.Range(0, 3).Select(_ => random.NextSingle())];
            float[] inside = [.. limits.Select(limit => random.NextSingle() * limit)];
            int bound = samples.LostInside(rows, limits);
            Assert.True(samples.Measure(rows, inside).Lost <= samples.LostInside(rows, inside), $"seed {Seed} round {round}");
            Assert.True(samples.LostInside(rows, inside) <= bound, $"seed {Seed} round {round}");
        }
    }

    [Fact]
    public void Limits_AnyDirection_AllowExactlySoManyLosses()
    {
        const int Seed = 4;
        var samples = new ExitSamples(SyntheticModel.Samples(1500, Seed), s_manifest);
        int[] rows = [.. Enumerable.Range(0, samples.Count)];
        foreach (ThresholdPath path in ThresholdPath.Starts(3))
        {
            float[] last = [0f, 0f, 0f];
            for (int allowed = 0; allowed < 40; allowed += 3)
            {
                float[] limits = path.Limits(samples, rows, allowed);
                Assert.True(samples.LostInside(rows, limits) <= allowed, $"seed {Seed}, {string.Join(' ', path.Direction)}, {allowed}");
                Assert.All(limits.Zip(last), pair => Assert.True(pair.First >= pair.Second));
                last = limits;
            }
        }
    }

    [Fact]
    public void Check_ManyDraws_ExceedNoMoreOftenThanGuaranteed()
    {
        GuaranteeCheckResult check = GuaranteeCheck.Run(s_manifest, SyntheticModel.Samples(4000, 8), 0.01, 0.9, draws: 300, size: null,
            seed: 2);
        output.WriteLine($"exceeded {check.Exceeded}, inside {check.ExceededInside}, saved {check.MeanSaved} of {check.HindsightSaved}, seed 2");
        // Three standard deviations above the tenth that is guaranteed.
        Assert.InRange(check.ExceededInside, 0, 0.1 + (3 * Math.Sqrt(0.1 * 0.9 / 300)));
        Assert.True(check.Exceeded <= check.ExceededInside);
        Assert.InRange(check.MeanSaved, 0.8 * check.HindsightSaved, check.HindsightSaved + 0.02);
    }

    [Fact]
    public void Guarantee_SameSeed_IsTheSameAndTightensInside()
    {
        ExitCalibration record = SyntheticModel.Samples(3000, 6);
        var agreement = new ExitCalibration(record.Exits, record.Entropies, record.Correct, record.Source, labelled: false);
        GuaranteeOutcome first = GuaranteeCalibration.Guarantee(s_manifest, record, agreement, 0.02, 0.95, seed: 5);
        GuaranteeOutcome second = GuaranteeCalibration.Guarantee(s_manifest, record, agreement, 0.02, 0.95, seed: 5);
        Assert.Equal(first.Guarantee.Limits, second.Guarantee.Limits);
        Assert.True(first.Guarantee.Losses <= first.Allowed);
        Assert.Equal(record.Samples, first.Guarantee.Samples + first.PathSamples);
        Assert.True(first.Guarantee.DiffersAtMost >= 0.02);
        Assert.NotEmpty(first.Guarantee.Tighter);
        IReadOnlyList<float> around = first.Guarantee.Limits;
        foreach (IReadOnlyList<float> step in first.Guarantee.Tighter)
        {
            Assert.All(step.Zip(around), pair => Assert.True(pair.First <= pair.Second));
            around = step;
        }
    }

    [Fact]
    public void Guarantee_TooFewSamples_SaysHowManyAreNeeded()
    {
        ExitCalibration record = SyntheticModel.Samples(796, 6);
        var agreement = new ExitCalibration(record.Exits, record.Entropies, record.Correct, record.Source, labelled: false);
        var error = Assert.Throws<ArgumentException>(() => GuaranteeCalibration.Guarantee(s_manifest, record, agreement, 0.005, 0.95, 1));
        Assert.Equal("796 samples cannot promise at most 0.5 points lost at 95 %, at least 797 are needed", error.Message);
    }
}
