using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Learning;
using EdgeML.Native.Policies;

namespace EdgeML.Native.Tests.Control.Learning;

public class ActionCodecTests
{
    static readonly int[] s_cuts = [0, 3, 6, 12];
    static readonly ActionCodec s_codec = new(2, [.. s_cuts.Select(cut => new CutCandidate(cut, 0))]);

    [Theory]
    [InlineData(0f, 0, 1)]
    [InlineData(0.249f, 0, 2)]
    [InlineData(0.25f, 3, 2)]
    [InlineData(0.5f, 6, 3)]
    [InlineData(0.79f, 12, 4)]
    [InlineData(0.8f, 12, 5)]
    [InlineData(1f, 12, 5)]
    [InlineData(1.7f, 12, 5)]
    [InlineData(-1f, 0, 1)]
    [InlineData(float.NaN, 0, 1)]
    public void Decode_AnyNumber_RoundsDownToEqualSlots(float y, int cut, int interval)
    {
        ExitPolicy policy = s_codec.Decode([0.3f, y, y, y]);
        Assert.Equal(cut, policy.Cut);
        Assert.Equal(interval, policy.Interval);
        Assert.Equal(0.3f, policy.Thresholds[0]);
        Assert.InRange(policy.Thresholds[1], 0f, 1f);
    }

    [Fact]
    public void Decode_Uniform_GivesEveryValueTheSameShare()
    {
        var cuts = new Dictionary<int, int>();
        for (int i = 0; i < 4000; i++)
        {
            int cut = s_codec.Decode([0f, 0f, (i + 0.5f) / 4000, 0f]).Cut;
            cuts[cut] = cuts.GetValueOrDefault(cut) + 1;
        }
        Assert.All(s_cuts, cut => Assert.Equal(1000, cuts[cut]));
    }

    [Fact]
    public void Encode_ThenDecode_IsTheSamePolicy()
    {
        Span<float> action = stackalloc float[s_codec.Size];
        foreach (int cut in s_cuts)
        {
            for (int interval = 1; interval <= 5; interval++)
            {
                var policy = new ExitPolicy([0.25f, 1f], cut, interval);
                s_codec.Encode(policy, action);
                Assert.Equal(policy, s_codec.Decode(action));
            }
        }
    }

    [Fact]
    public void Decode_BottlenecksAmongTheCandidates_AreSlotsOfTheirOwn()
    {
        var codec = new ActionCodec(1, [new(3, 0), new(3, 1), new(3, 2), new(6, 0)]);
        Span<float> action = stackalloc float[codec.Size];
        for (int bottleneck = 0; bottleneck <= 2; bottleneck++)
        {
            var policy = new ExitPolicy([0.5f], 3, 2, bottleneck);
            codec.Encode(policy, action);
            Assert.Equal((bottleneck + 0.5f) / 4, action[1]);
            Assert.Equal(policy, codec.Decode(action));
        }
        codec.Encode(new ExitPolicy([0.5f], 6, 2, 9), action);
        Assert.Equal(new ExitPolicy([0.5f], 6, 2), codec.Decode(action));
    }

    [Fact]
    public void Encode_CutThatIsNoCandidate_TakesTheNearest()
    {
        Span<float> action = stackalloc float[s_codec.Size];
        s_codec.Encode(new ExitPolicy([0f, 0f], 7, 1), action);
        Assert.Equal(6, s_codec.Decode(action).Cut);
    }
}
