using EdgeML.Native.Control.Costs;

namespace EdgeML.Native.Tests.Control.Costs;

/// <summary>How often an exit that stands by would be right, counted in two ways.</summary>
public class StandbyMixTests
{
    static readonly CostModel s_model = new(SyntheticModel.Manifest(), SyntheticModel.Edge(), null, SyntheticModel.Samples(611, 7));

    static double[] Weights(int seed)
    {
        var random = new Random(seed);
        double[] weights = [.. Enumerable.Range(0, s_model.Samples.Strata).Select(_ => random.NextDouble())];
        double sum = weights.Sum();
        return [.. weights.Select(weight => weight / sum)];
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Measure_AnyStandby_EqualsCountingTheSamples(int standby)
    {
        SampleSet samples = s_model.Samples;
        var mix = new ExitMix(samples, s_model.Compact);
        double[] weights = Weights(5);
        mix.Blend(weights);
        float[][] cases = [[0f, 0f, 0f], [0.3f, 0.5f, 0.2f], [1f, 0f, 0f], [0f, 0.41f, 0.77f]];
        foreach (float[] thresholds in cases)
        {
            float[] shares = new float[4], rights = new float[4], standbys = [9, 9, 9, 9];
            mix.Measure(thresholds, shares, rights, standby, standbys);
            double[] counted = new double[4], left = new double[4], right = new double[4];
            for (int i = 0; i < samples.Count; i++)
            {
                int exit = 0;
                while (exit < 3 && !(samples.Entropies[exit][i] < thresholds[exit])) exit++;
                double weight = weights[samples.Stratum[i]] / samples.StratumCount[samples.Stratum[i]];
                left[exit] += weight;
                right[exit] += weight * samples.Correct[exit][i];
                if (standby > 0) counted[exit] += weight * samples.Correct[standby - 1][i];
            }
            for (int exit = 0; exit < 4; exit++)
            {
                Assert.Equal(counted[exit], standbys[exit], 1e-5);
                Assert.Equal(left[exit], shares[exit], 1e-5);
                Assert.Equal(right[exit], rights[exit], 1e-5);
            }
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Standbys_EveryPointOfTheGrid_IsTheSumOverStrata(bool fine)
    {
        SampleSet samples = s_model.Samples;
        ThresholdGrid grid = fine ? s_model.Grid : s_model.Compact;
        var mix = new ExitMix(samples, grid);
        // The second blend must not be answered from what the first one made.
        foreach (int seed in (int[])[1, 2])
        {
            double[] weights = Weights(seed);
            mix.Blend(weights);
            for (int standby = 1; standby <= 3; standby++)
            {
                double[] accuracy = new double[samples.Strata];
                for (int i = 0; i < samples.Count; i++)
                {
                    (bool credited, int stratum) = (fine || samples.Correct[3][i] > 0, samples.Stratum[i]);
                    if (credited) accuracy[stratum] += samples.Correct[standby - 1][i] / samples.StratumCount[stratum];
                }
                float[][] blended = mix.Standbys(standby);
                Assert.Same(blended, mix.Standbys(standby));
                for (int point = 0; point < grid.Count; point++)
                {
                    for (int exit = 0; exit < 4; exit++)
                    {
                        double sum = 0;
                        for (int stratum = 0; stratum < samples.Strata; stratum++)
                            sum += weights[stratum] * accuracy[stratum] * grid.Shares[stratum][exit][point];
                        Assert.Equal(sum, blended[exit][point], 1e-5);
                    }
                }
            }
        }
    }

    [Fact]
    public void At_Standby_IsThePointsAndZeroWithout()
    {
        var mix = new ExitMix(s_model.Samples, s_model.Compact);
        int point = s_model.Compact.Count / 2;
        float[] shares = new float[4], rights = new float[4], standbys = [9, 9, 9, 9];
        mix.At(point, shares, rights, 2, standbys);
        for (int exit = 0; exit < 4; exit++) Assert.Equal(mix.Standbys(2)[exit][point], standbys[exit]);
        Assert.True(standbys.Sum() > 0.3f);
        mix.At(point, shares, rights, 0, standbys);
        Assert.All(standbys, each => Assert.Equal(0f, each));
    }
}
