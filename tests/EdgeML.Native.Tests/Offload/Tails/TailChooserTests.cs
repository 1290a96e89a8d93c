using EdgeML.Native.Numerics;
using EdgeML.Native.Offload.Tails;

namespace EdgeML.Native.Tests.Offload.Tails;

public class TailChooserTests
{
    const int Seed = 20261130, Draws = 20_000;

    static TailCandidate Tail(double expectedMs = 5, double weight = 1, int onWay = 0, bool usable = true, bool ejected = false) => new()
    {
        ExpectedMs = expectedMs,
        Weight = weight,
        OnWay = onWay,
        IsUsable = usable,
        IsEjected = ejected,
    };

    static double[] Shares(TailChoice choice, params TailCandidate[] tails)
    {
        var chooser = new TailChooser(choice, new SeededRandom(Seed));
        var shares = new double[tails.Length];
        for (int i = 0; i < Draws; i++)
        {
            int chosen = chooser.Choose(tails);
            if (chosen >= 0) shares[chosen] += 1.0 / Draws;
        }
        return shares;
    }

    [Fact]
    public void Ordered_TakesTheFirstThatCanBeUsed()
    {
        Assert.Equal([1, 0], Shares(TailChoice.Ordered, Tail(expectedMs: 50), Tail()), (a, b) => Math.Abs(a - b) < 1e-9);
        Assert.Equal([0, 1], Shares(TailChoice.Ordered, Tail(usable: false), Tail(weight: 0.01)), (a, b) => Math.Abs(a - b) < 1e-9);
        Assert.Equal([0, 1], Shares(TailChoice.Ordered, Tail(ejected: true), Tail()), (a, b) => Math.Abs(a - b) < 1e-9);
    }

    [Fact]
    public void AllEjected_OneIsTakenAllTheSame_NoneUsableNone()
    {
        Assert.Equal([1, 0], Shares(TailChoice.Ordered, Tail(ejected: true), Tail(ejected: true)), (a, b) => Math.Abs(a - b) < 1e-9);
        Assert.Equal([0, 0], Shares(TailChoice.Balanced, Tail(usable: false), Tail(usable: false)));
    }

    [Fact]
    public void Balanced_AboutAsQuick_SharesFollowTheWeights()
    {
        double[] shares = Shares(TailChoice.Balanced, Tail(5.0, weight: 3), Tail(5.5, weight: 1));
        Assert.InRange(shares[0], 0.73, 0.77);
        shares = Shares(TailChoice.Balanced, Tail(weight: 2), Tail(weight: 1), Tail(weight: 1));
        Assert.InRange(shares[0], 0.48, 0.52);
        Assert.InRange(shares[1], 0.23, 0.27);
    }

    [Fact]
    public void Balanced_OneIsQuicker_TakesItWheneverItIsDrawn()
    {
        Assert.Equal([0, 1], Shares(TailChoice.Balanced, Tail(20, weight: 9), Tail(5)), (a, b) => Math.Abs(a - b) < 1e-9);
        double[] shares = Shares(TailChoice.Balanced, Tail(20), Tail(5), Tail(80));
        Assert.InRange(shares[1], 0.64, 0.69); // in two of three pairs
        Assert.Equal(0, shares[2]);
    }

    [Fact]
    public void Balanced_OwnRequestsOnTheWay_SendTheNextElsewhere() =>
        Assert.Equal([0, 1], Shares(TailChoice.Balanced, Tail(5, onWay: 1), Tail(6)), (a, b) => Math.Abs(a - b) < 1e-9);

    [Fact]
    public void Balanced_NeverMeasured_IsTried()
    {
        double[] shares = Shares(TailChoice.Balanced, Tail(1), Tail(double.NaN));
        Assert.InRange(shares[1], 0.45, 0.55);
    }

    [Fact]
    public void SameSeed_SameChoices()
    {
        TailCandidate[] tails = [Tail(), Tail(weight: 2), Tail(6)];
        var one = new TailChooser(TailChoice.Balanced, new SeededRandom(Seed));
        var other = new TailChooser(TailChoice.Balanced, new SeededRandom(Seed));
        for (int i = 0; i < 200; i++) Assert.Equal(one.Choose(tails), other.Choose(tails));
    }
}
