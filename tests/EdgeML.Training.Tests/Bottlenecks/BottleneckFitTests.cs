using EdgeML.Native.Codecs;
using EdgeML.Training.Bottlenecks;
using EdgeML.Training.Numerics;

namespace EdgeML.Training.Tests.Bottlenecks;

public class BottleneckFitTests
{
    const int Channels = 6, Hidden = 2, Seed = 31;
    static readonly TensorPatches s_patches = new(Channels, 4, 5, 1);

    [Fact]
    public void Eigen_SymmetricMatrix_IsRebuilt()
    {
        var random = new Random(Seed);
        const int Size = 9;
        var matrix = new double[Size * Size];
        for (int i = 0; i < Size; i++)
        {
            for (int j = 0; j <= i; j++) matrix[(i * Size) + j] = matrix[(j * Size) + i] = random.NextDouble() - 0.5;
        }
        (double[] values, double[] vectors) = SymmetricEigen.Of(matrix, Size);
        Assert.Equal(values.OrderDescending(), values);
        for (int i = 0; i < Size; i++)
        {
            for (int j = 0; j < Size; j++)
            {
                double sum = 0;
                for (int k = 0; k < Size; k++) sum += values[k] * vectors[(k * Size) + i] * vectors[(k * Size) + j];
                Assert.Equal(matrix[(i * Size) + j], sum, 6);
            }
        }
    }

    [Fact]
    public void Divide_OneLargeComponent_GetsMostBitsAndTheBudgetIsKept()
    {
        QuantiserTable Table(float size) => new([.. Enumerable.Range(0, 500).Select(i => size * ((i % 101) - 50) / 50f)]);
        int[] bits = BitShares.Divide([Table(10), Table(1), Table(0.01f)], 10);
        Assert.Equal(10, bits.Sum());
        Assert.True(bits[0] > bits[1] && bits[1] > 0 && bits[2] == 0, string.Join(' ', bits));
    }

    [Fact]
    public void Fit_ChannelsOfTwoHiddenValues_AreRebuiltFromAQuarterOfInt8()
    {
        (CutStatistics statistics, float[] tensor) = Made();
        LinearBottleneck bottleneck = new BottleneckFit(statistics).OfAtMost(tensor.Length / 3);
        Assert.InRange(bottleneck.PayloadBytes, 1, tensor.Length / 3);
        Assert.Equal(Hidden, bottleneck.Components);
        byte[] payload = new byte[bottleneck.PayloadBytes];
        float[] back = new float[tensor.Length];
        bottleneck.Encode(tensor, payload);
        bottleneck.Decode(payload, back);
        double error = tensor.Zip(back, (a, b) => (double)(a - b) * (a - b)).Sum(), power = tensor.Sum(a => (double)a * a);
        Assert.True(error < 0.001 * power, $"{error} of {power}, seed {Seed}");
    }

    /// <summary>Statistics of channels that are sums of two hidden values, and a tensor of them.</summary>
    static (CutStatistics Statistics, float[] Tensor) Made()
    {
        var random = new Random(Seed);
        float[] mix = [.. Enumerable.Range(0, Channels * Hidden).Select(_ => (float)(random.NextDouble() - 0.5))];
        float[] Vector()
        {
            float[] hidden = [.. Enumerable.Range(0, Hidden).Select(_ => (float)(random.NextDouble() - 0.5) * 4)];
            return [.. Enumerable.Range(0, Channels).Select(c => Enumerable.Range(0, Hidden).Sum(h => mix[(c * Hidden) + h] * hidden[h]))];
        }
        float[][] vectors = [.. Enumerable.Range(0, 2000).Select(_ => Vector())];
        double[] mean = [.. Enumerable.Range(0, Channels).Select(c => vectors.Average(v => (double)v[c]))];
        double[] covariance =
            [.. Enumerable.Range(0, Channels * Channels).Select(i => vectors.Average(v => (v[i / Channels] - mean[i / Channels]) * (v[i % Channels] - mean[i % Channels])))];
        var tensor = new float[s_patches.Elements];
        for (int p = 0; p < s_patches.Positions; p++)
        {
            for (int c = 0; c < Channels; c++) tensor[(c * s_patches.Positions) + p] = vectors[p][c];
        }
        return (new CutStatistics(s_patches, mean, covariance, Rectified: false, vectors), tensor);
    }
}
