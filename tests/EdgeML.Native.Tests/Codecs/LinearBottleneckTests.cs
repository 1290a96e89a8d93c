using EdgeML.Native.Codecs;

namespace EdgeML.Native.Tests.Codecs;

public class LinearBottleneckTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void Gather_AndScatter_AreInverse(int size)
    {
        var patches = new TensorPatches(3, 8, 12, size);
        float[] tensor = [.. Enumerable.Range(0, patches.Elements).Select(i => (float)i)];
        float[] rows = new float[tensor.Length], back = new float[tensor.Length];
        patches.Gather(tensor, rows);
        patches.Scatter(rows, back);
        Assert.Equal(tensor, back);
        Assert.Equal(patches.Elements, patches.Rows * patches.Positions);
        // The first row's first position is the first pixel, its second one the next patch's.
        Assert.Equal([0f, size], rows[..2]);
    }

    [Fact]
    public void Decode_OrthogonalMap_IsWithinHalfAStepAndCutsNegativesOff()
    {
        const int Seed = 5;
        var random = new Random(Seed);
        var patches = new TensorPatches(2, 2, 6, 1);
        // A rotation and its inverse; 8 and 5 bits, which do not end on bytes together.
        float c = 0.6f, s = 0.8f;
        var bottleneck = new LinearBottleneck(patches, [0.5f, 0.25f], [c, s, -s, c], [c, s, -s, c], [(-2, 2), (-2, 2)], [8, 5],
            rectified: true);
        Assert.Equal(((13 * 12) + 7) / 8, bottleneck.PayloadBytes);
        float[] tensor = [.. Enumerable.Range(0, 24).Select(_ => random.NextSingle())];
        byte[] payload = new byte[bottleneck.PayloadBytes];
        float[] back = new float[24];
        bottleneck.Encode(tensor, payload);
        bottleneck.Decode(payload, back);
        float most = (0.5f * 4 / 255) + (0.5f * 4 / 31);
        for (int i = 0; i < tensor.Length; i++) Assert.InRange(back[i], Math.Max(0f, tensor[i] - most), tensor[i] + most);
        Array.Fill(tensor, -1f);
        bottleneck.Encode(tensor, payload);
        bottleneck.Decode(payload, back);
        Assert.All(back, value => Assert.True(value >= 0f));
    }

    [Fact]
    public void Encode_NaN_StaysInsideThePayload()
    {
        var bottleneck = new LinearBottleneck(new TensorPatches(1, 1, 3, 1), [0f], [1f], [1f], [(-1, 1)], [3], rectified: false);
        byte[] payload = new byte[bottleneck.PayloadBytes];
        float[] back = new float[3];
        bottleneck.Encode([float.NaN, float.PositiveInfinity, float.NegativeInfinity], payload);
        bottleneck.Decode(payload, back);
        Assert.Equal([-1f, 1f, -1f], back);
    }

    [Fact]
    public void Create_WeightsThatDoNotFit_AreRefused() =>
        Assert.Contains("2 and 2 weights for 1 components of 3 rows", Assert.Throws<ArgumentException>(
            () => new LinearBottleneck(new TensorPatches(3, 1, 1, 1), new float[3], new float[2], new float[2], [(0, 1)], [2],
                false)).Message);
}
