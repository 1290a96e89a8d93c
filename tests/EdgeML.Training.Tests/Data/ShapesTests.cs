using System.Security.Cryptography;
using EdgeML.Training.Data;

namespace EdgeML.Training.Tests.Data;

public class ShapesTests
{
    // Pinned on x64 Linux. A difference elsewhere means that the renderer uses arithmetic that is not rounded the same everywhere.
    [Theory]
    [InlineData("easy", 96, "C239E2DB0E2BA12A")]
    [InlineData("hard", 96, "79FA5DA1D90521B5")]
    [InlineData("mixed", 96, "373D4F87D92DB596")]
    [InlineData("drift", 96, "236334D53D9C1E74")]
    [InlineData("mixed", 41, "35F0CC9219E541B1")]
    public void Read_FixedSeed_SameBytesEverywhere(string difficulty, int size, string expected)
    {
        using var source = new ShapesSource(7, DataSpec.ParseDifficulty(difficulty), size, 64) { Spec = "test" };
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var planes = new byte[source.Elements];
        for (int i = 0; i < 64; i++)
        {
            hash.AppendData([(byte)source.Read(i, planes)]);
            hash.AppendData(planes);
        }
        Assert.Equal(expected, Convert.ToHexString(hash.GetHashAndReset())[..16]);
    }

    [Fact]
    public void Read_OutOfOrder_SamplesDoNotDependOnEachOther()
    {
        using ShapesSource forwards = Mixed(3), backwards = Mixed(3);
        var pictures = new List<(int Label, byte[] Planes)>();
        for (int i = 0; i < 20; i++) pictures.Add(Sample(forwards, i));
        for (int i = 19; i >= 0; i--)
        {
            (int label, byte[] planes) = Sample(backwards, i);
            Assert.Equal(pictures[i].Label, label);
            Assert.Equal(pictures[i].Planes, planes);
        }
    }

    [Fact]
    public void Read_OtherSeed_OtherPictures()
    {
        using ShapesSource one = Mixed(3), two = Mixed(4);
        for (int i = 0; i < 20; i++) Assert.NotEqual(Sample(one, i).Planes, Sample(two, i).Planes);
    }

    [Fact]
    public void Read_ManySamples_LabelsAreBalanced()
    {
        const int Count = 4000;
        using var source = new ShapesSource(2001, ShapesDifficulty.Mixed, 32) { Spec = "test" };
        var planes = new byte[source.Elements];
        var counts = new int[10];
        for (int i = 0; i < Count; i++) counts[source.Read(i, planes)]++;
        // Five standard deviations of a binomial with p = 0.1.
        foreach (int count in counts) Assert.InRange(count, (Count / 10) - 95, (Count / 10) + 95);
    }

    [Fact]
    public void Draw_RisingDifficulty_LessLightAndContrastMoreNoise()
    {
        var renderer = new ShapesRenderer(64);
        var planes = new byte[renderer.Bytes];
        (double Light, double Spread, double Grain) previous = (double.MaxValue, double.MaxValue, 0);
        for (int step = 0; step <= 4; step++)
        {
            (double Light, double Spread, double Grain) sum = default;
            for (int i = 0; i < 60; i++)
            {
                renderer.Draw(11, i, step / 4f, planes);
                (double light, double spread, double grain) = Statistics(planes.AsSpan(0, 64 * 64), 64);
                sum = (sum.Light + light, sum.Spread + spread, sum.Grain + (grain / light));
            }
            Assert.True(sum.Light < previous.Light, $"step {step}: light {sum.Light} after {previous.Light}");
            Assert.True(sum.Spread < previous.Spread, $"step {step}: spread {sum.Spread} after {previous.Spread}");
            Assert.True(sum.Grain > previous.Grain, $"step {step}: grain {sum.Grain} after {previous.Grain}");
            previous = sum;
        }
    }

    [Fact]
    public void DifficultyOf_EachKind_StaysInItsRange()
    {
        using var easy = new ShapesSource(5, ShapesDifficulty.Easy) { Spec = "easy" };
        using var hard = new ShapesSource(5, ShapesDifficulty.Hard) { Spec = "hard" };
        using var drift = new ShapesSource(5, ShapesDifficulty.Drift, count: 1000) { Spec = "drift" };
        for (int i = 0; i < 1000; i++)
        {
            Assert.InRange(easy.DifficultyOf(i), 0f, 0.25f);
            Assert.InRange(hard.DifficultyOf(i), 0.75f, 1f);
            Assert.InRange(drift.DifficultyOf(i), Math.Max(0, (i / 999f) - 0.1001f), Math.Min(1, (i / 999f) + 0.1001f));
        }
    }

    [Fact]
    public void Read_SteadyState_AllocatesNothing()
    {
        using ShapesSource source = Mixed(1);
        var planes = new byte[source.Elements];
        source.Read(0, planes);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 1; i < 10; i++) source.Read(i, planes);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Theory]
    [InlineData(31)]
    [InlineData(257)]
    public void Renderer_SizeOutOfRange_Throws(int size)
    {
        var e = Assert.Throws<ArgumentOutOfRangeException>(() => new ShapesRenderer(size));
        Assert.Contains($"size {size} is outside 32..256", e.Message);
    }

    [Fact]
    public void SinCos_ManyAngles_MatchesTheLibrary()
    {
        for (int i = -100; i <= 200; i++)
        {
            (float sine, float cosine) = PortableTrigonometry.SinCos(i / 97f);
            Assert.Equal(Math.Sin(2 * Math.PI * (i / 97f)), sine, 5e-6);
            Assert.Equal(Math.Cos(2 * Math.PI * (i / 97f)), cosine, 5e-6);
        }
    }

    static ShapesSource Mixed(ulong seed) => new(seed, ShapesDifficulty.Mixed) { Spec = "test" };

    static (int Label, byte[] Planes) Sample(ShapesSource source, long index)
    {
        var planes = new byte[source.Elements];
        return (source.Read(index, planes), planes);
    }

    // Mean; standard deviation; mean difference of neighbours, which is mostly noise.
    static (double Light, double Spread, double Grain) Statistics(ReadOnlySpan<byte> plane, int width)
    {
        double sum = 0, squares = 0, grain = 0;
        for (int i = 0; i < plane.Length; i++)
        {
            sum += plane[i];
            squares += plane[i] * plane[i];
            if (i % width > 0) grain += Math.Abs(plane[i] - plane[i - 1]);
        }
        double mean = sum / plane.Length;
        return (mean, Math.Sqrt((squares / plane.Length) - (mean * mean)), grain / plane.Length);
    }
}
