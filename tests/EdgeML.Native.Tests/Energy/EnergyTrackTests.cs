using EdgeML.Native.Energy;

namespace EdgeML.Native.Tests.Energy;

public class EnergyTrackTests
{
    [Fact]
    public void Between_OneSample_IsNoNumber()
    {
        var track = new EnergyTrack(4, 0);
        track.Add(10, 5);
        Assert.False(track.HasRate);
        Assert.True(double.IsNaN(track.Between(0, 10)));
    }

    [Fact]
    public void Between_MomentsWithinAndAcrossSamples_Interpolates()
    {
        var track = new EnergyTrack(8, 0);
        track.Add(0, 0);
        track.Add(100, 10);
        track.Add(200, 40);
        Assert.Equal(5, track.Between(25, 75), 9);
        Assert.Equal(5 + 15, track.Between(50, 150), 9);
    }

    [Fact]
    public void Between_BehindTheLastSample_GoesOnAtItsRate()
    {
        var track = new EnergyTrack(8, 0);
        track.Add(0, 0);
        track.Add(100, 10);
        track.Add(200, 40);
        Assert.Equal(3, track.Between(240, 250), 9);
        Assert.Equal(1, track.Between(-20, -10), 9);
    }

    [Fact]
    public void Add_CounterThatMovesInSteps_IsSpreadOverTheStep()
    {
        var track = new EnergyTrack(8, longestStep: 1000);
        track.Add(0, 100);
        for (int ticks = 10; ticks < 100; ticks += 10) track.Add(ticks, 100);
        track.Add(100, 102);
        Assert.Equal(0.4, track.Between(40, 60), 9);
    }

    [Fact]
    public void Add_CounterThatStands_EndsTheRateAfterTheLongestStep()
    {
        var track = new EnergyTrack(8, longestStep: 1000);
        track.Add(0, 0);
        track.Add(100, 10);
        track.Add(1200, 10);
        Assert.Equal(0, track.Between(1300, 1400), 9);
    }

    [Fact]
    public void Add_MoreThanItHolds_ForgetsTheOldest()
    {
        var track = new EnergyTrack(3, 0);
        for (int i = 0; i < 10; i++) track.Add(i * 100, i * i);
        Assert.Equal(81 - 64, track.Between(800, 900), 9);
        Assert.Equal(64 - 49, track.Between(700, 800), 9);
        // In front of what is held the oldest rate known stands in.
        Assert.Equal(64 - 49, track.Between(0, 100), 9);
    }
}
