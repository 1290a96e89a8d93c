using EdgeML.Simulation.Links;

namespace EdgeML.Simulation.Tests.Links;

public class LinkPacerTests
{
    [Fact]
    public void Enter_BackToBack_LeavesAtTheRate()
    {
        var pacer = new LinkPacer(LinkTrace.Constant(8));
        for (int i = 1; i <= 1000; i++) Assert.Equal(i * 0.001, pacer.Enter(0, 1000), 9);
    }

    [Fact]
    public void Enter_AfterAPause_StartsAtOnce()
    {
        var pacer = new LinkPacer(LinkTrace.Constant(8));
        pacer.Enter(0, 1000);
        Assert.Equal(5.001, pacer.Enter(5, 1000), 9);
    }

    [Fact]
    public void Enter_DuringOutage_LeavesAfterIt()
    {
        var trace = new LinkTrace([new(0, 8, 20, 1), new(10, 0, 20, 1), new(14, 8, 20, 1)], lastLevelSeconds: 100);
        var pacer = new LinkPacer(trace);
        Assert.Equal(14.0005, pacer.Enter(9.9995, 1000), 9);
        Assert.Equal(14.0015, pacer.Enter(11, 1000), 9);
    }

    [Fact]
    public void Enter_RateDropsInTheMiddle_TakesBothRates()
    {
        var pacer = new LinkPacer(new LinkTrace([new(0, 16, 0, 1), new(1, 1.6, 0, 1)], lastLevelSeconds: 100));
        Assert.Equal(1.5, pacer.Enter(0.5, 1_100_000), 9);
    }
}
