using EdgeML.Native.Control.Learning;
using EdgeML.Native.Numerics;

namespace EdgeML.Native.Tests.Control.Learning;

public class NoiseTests
{
    [Fact]
    public void Next_OrnsteinUhlenbeck_HasItsStationarySpreadAndMemory()
    {
        const double Theta = 0.15, Sigma = 0.2;
        var noise = new OrnsteinUhlenbeck(1, Theta, Sigma, 1, 0, new SeededRandom(11));
        (double square, double lagged, double sum, float last) = (0, 0, 0, 0);
        const int Steps = 200_000;
        for (int i = 0; i < Steps; i++)
        {
            float x = noise.Next()[0];
            sum += x;
            square += x * x;
            lagged += x * last;
            last = x;
        }
        // x' = (1 - theta) x + sigma N: variance sigma^2 / (1 - (1 - theta)^2), correlation 1 - theta.
        Assert.Equal(0, sum / Steps, 1);
        Assert.InRange(square / Steps, 0.95 * Sigma * Sigma / (1 - (0.85 * 0.85)), 1.05 * Sigma * Sigma / (1 - (0.85 * 0.85)));
        Assert.InRange(lagged / square, 0.84, 0.86);
    }

    [Fact]
    public void Next_Decay_StopsAtTheFloor()
    {
        var noise = new OrnsteinUhlenbeck(2, 0.15, 0.2, 0.9, 0.02, new SeededRandom(1));
        for (int i = 0; i < 100; i++) noise.Next();
        Assert.Equal(0.02, noise.Sigma);
    }

    [Fact]
    public void SeededRandom_SameSeed_SameNumbersAndTheRightMoments()
    {
        (var a, var b, var c) = (new SeededRandom(5), new SeededRandom(5), new SeededRandom(5, stream: 1));
        (double mean, double square) = (0, 0);
        bool different = false;
        for (int i = 0; i < 100_000; i++)
        {
            double x = a.Gaussian();
            Assert.Equal(x, b.Gaussian());
            different |= x != c.Gaussian();
            mean += x / 100_000;
            square += x * x / 100_000;
        }
        Assert.True(different);
        Assert.InRange(mean, -0.02, 0.02);
        Assert.InRange(square, 0.98, 1.02);
        Assert.All(Enumerable.Range(0, 1000), _ => Assert.InRange(a.Below(7), 0, 6));
    }

    [Fact]
    public void ReplayBuffer_Full_OverwritesTheOldestAndCountsOnlyWhatItHolds()
    {
        var replay = new ReplayBuffer(3, 1, 1);
        for (int i = 0; i < 5; i++)
        {
            Assert.Equal(Math.Min(i, 3), replay.Count);
            replay.Add([i], [i], i, [i + 1]);
        }
        Assert.Equal([2f, 3f, 4f], Enumerable.Range(0, 3).Select(replay.Reward).Order());
        for (int i = 0; i < 3; i++) Assert.Equal(replay.State(i)[0] + 1, replay.NextState(i)[0]);
    }
}
