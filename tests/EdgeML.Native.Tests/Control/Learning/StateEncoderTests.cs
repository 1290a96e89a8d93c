using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Learning;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Policies;
using EdgeML.Native.Telemetry;

namespace EdgeML.Native.Tests.Control.Learning;

public class StateEncoderTests
{
    static Observation Observed(double latencyMs = 50, double energyJ = 0.6, double mbps = 20, double rttMs = 30, double age = 2,
        bool up = true, Requirements? bounds = null) => new()
        {
            LatencyMs = latencyMs,
            EnergyJ = energyJ,
            Requirements = bounds ?? new Requirements(100, 0.4),
            Link = new LinkSnapshot { Up = up, RateBitsPerSecond = mbps * 1e6, RttMs = rttMs, AgeSeconds = age },
        };

    static float[] Encoded(in Observation observation, bool extended = true)
    {
        var state = new float[extended ? StateEncoder.ExtendedSize : StateEncoder.PaperSize];
        StateEncoder.Encode(observation, extended, state);
        return state;
    }

    [Fact]
    public void Encode_Measured_IsRelativeToBoundsAndTenMegabits()
    {
        float[] state = Encoded(Observed());
        Assert.Equal(-0.5f, state[0], 1e-6f);
        Assert.Equal(0.5f, state[1], 1e-6f);
        Assert.Equal(Math.Log(2), state[2], 1e-6);
        Assert.Equal(0.3f, state[3], 1e-6f);
        Assert.Equal(Math.Log(3), state[4], 1e-6);
        Assert.Equal(state[..3], Encoded(Observed(), extended: false));
    }

    [Fact]
    public void Encode_BoundsScaledTogether_SaysTheSame()
    {
        float[] one = Encoded(Observed());
        float[] ten = Encoded(Observed(latencyMs: 500, energyJ: 6, rttMs: 300, bounds: new Requirements(1000, 4)));
        for (int i = 0; i < one.Length; i++) Assert.Equal(one[i], ten[i], 1e-6f);
    }

    [Fact]
    public void Encode_NeverMeasured_IsZero()
    {
        Observation observation = Observed(double.NaN, double.NaN);
        observation.Link = LinkSnapshot.None;
        observation.Link.Up = true;
        Assert.Equal(new float[3], Encoded(observation)[..3]);
        Assert.Equal(0f, Encoded(observation)[3]);
    }

    [Fact]
    public void Encode_NoBounds_IsInfinitelyFarInside()
    {
        float[] state = Encoded(Observed(bounds: Requirements.None));
        Assert.Equal([-1f, -1f], state[..2]);
        Assert.Equal(0f, state[3]);
    }

    [Fact]
    public void Encode_LinkDown_IsTheSlowestLink()
    {
        float slowest = (float)Math.Log(PlanningConditions.MinimumRate / 10e6);
        Assert.Equal(Math.Max(slowest, -10f), Encoded(Observed(up: false))[2], 1e-5f);
        Assert.Equal(Math.Max(slowest, -10f), Encoded(Observed(mbps: 1e-9))[2], 1e-5f);
    }

    [Fact]
    public void Encode_ExtremeValues_StayWithinTen()
    {
        float[] state = Encoded(Observed(latencyMs: 1e9, energyJ: double.PositiveInfinity, mbps: 1e30, rttMs: 1e12,
            age: double.PositiveInfinity));
        Assert.Equal([10f, 10f, 10f, 10f, 10f], state);
    }
}
