using EdgeML.Training.Quantisation;

namespace EdgeML.Training.Tests.Quantisation;

public sealed class ChannelWeightsTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Of_AnyWeights_NoPairOfProductsLeaves16Bits(int seed)
    {
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        (int channels, int each) = (40, 1 + random.Next(60));
        float[] weights = [.. Enumerable.Range(0, channels * each).Select(_ => Drawn(random))];
        float[] biases = [.. Enumerable.Range(0, channels).Select(_ => 10 * Drawn(random))];
        const float input = 0.03f;

        ChannelWeights made = ChannelWeights.Of(weights, channels, apart: false, biases, input);

        for (int c = 0; c < channels; c++)
        {
            int[] row = [.. made.Weights.AsSpan(c * each, each).ToArray().Select(w => (int)w).Order()];
            int high = row[^1] + (each > 1 ? Math.Max(row[^2], 0) : 0), low = row[0] + (each > 1 ? Math.Min(row[1], 0) : 0);
            Assert.InRange(255 * high, 0, short.MaxValue);
            Assert.InRange(255 * low, short.MinValue, 0);
            Assert.True((255L * row.Sum(Math.Abs)) + Math.Abs((long)made.Biases[c]) <= int.MaxValue, $"channel {c} leaves 32 bits");
            for (int i = 0; i < each; i++)
                Assert.True(
                    Math.Abs(weights[(c * each) + i] - (made.Weights[(c * each) + i] * made.Scales[c])) <= 0.5001f * made.Scales[c],
                    $"weight {i} of channel {c} is more than half a step away");
            Assert.InRange(biases[c] - (made.Biases[c] * (double)input * made.Scales[c]), -0.51 * input * made.Scales[c], 0.51 * input * made.Scales[c]);
        }
    }

    [Fact]
    public void Of_OneOutstandingWeight_KeepsAlmostAllOfEightBits()
    {
        float[] row = [1f, 0.001f, -0.002f, 0.001f];

        ChannelWeights made = ChannelWeights.Of(row, 1, apart: false, [], 1);

        Assert.Equal(127, made.Weights[0]);
    }

    [Fact]
    public void Of_ChannelsApart_IsTheSameTransposed()
    {
        var random = new Random(5);
        (int channels, int each) = (7, 12);
        float[] rows = [.. Enumerable.Range(0, channels * each).Select(_ => Drawn(random))], columns = new float[rows.Length];
        for (int c = 0; c < channels; c++)
            for (int i = 0; i < each; i++) columns[(i * channels) + c] = rows[(c * each) + i];

        ChannelWeights one = ChannelWeights.Of(rows, channels, apart: false, [], 1), other = ChannelWeights.Of(columns, channels, apart: true, [], 1);

        Assert.Equal(one.Scales, other.Scales);
        for (int c = 0; c < channels; c++)
            for (int i = 0; i < each; i++) Assert.Equal(one.Weights[(c * each) + i], other.Weights[(i * channels) + c]);
    }

    [Fact]
    public void Of_ZerosWithALargeBias_TheBiasStays()
    {
        ChannelWeights made = ChannelWeights.Of(new float[9], 1, apart: false, [1000f], 0.01f);

        Assert.All(made.Weights, w => Assert.Equal(0, w));
        Assert.InRange(made.Biases[0] * 0.01 * made.Scales[0], 999, 1001);
    }

    static float Drawn(Random random)
    {
        double value = random.NextDouble() - 0.5;
        // A few stand out, as they do in trained layers.
        return (float)(random.Next(12) == 0 ? 8 * value : random.Next(5) == 0 ? 0 : value);
    }
}
