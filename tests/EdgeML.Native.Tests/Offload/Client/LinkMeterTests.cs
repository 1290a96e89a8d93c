using EdgeML.Native.Offload.Client;
using EdgeML.Native.Offload.Wire;

namespace EdgeML.Native.Tests.Offload.Client;

public class LinkMeterTests
{
    const int Frame = 16_384;

    [Theory]
    [InlineData(15e6, 3e6)]
    [InlineData(3e6, 15e6)]
    [InlineData(20e6, 0.8e6)]
    [InlineData(0.8e6, 20e6)]
    public void Rate_ChangedLevel_IsFollowedWithinThreeTransfers(double before, double after)
    {
        var meter = new LinkMeter();
        for (int i = 0; i < 20; i++) Send(meter, before, rttMs: 20);
        Assert.Equal(1, meter.RateBitsPerSecond / before, 0.1);
        for (int i = 0; i < 3; i++) Send(meter, after, rttMs: 20);
        Assert.Equal(1, meter.RateBitsPerSecond / after, 0.1);
    }

    [Fact]
    public void Rate_OneOutlier_DoesNotTakeOver()
    {
        var meter = new LinkMeter();
        for (int i = 0; i < 20; i++) Send(meter, 10e6, rttMs: 20);
        Send(meter, 1e6, rttMs: 20);
        for (int i = 0; i < 2; i++) Send(meter, 10e6, rttMs: 20);
        Assert.Equal(1, meter.RateBitsPerSecond / 10e6, 0.2);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Rate_WithoutASpan_ComesFromTheAnswer(bool span)
    {
        var meter = new LinkMeter();
        for (int i = 0; i < 10; i++) Ping(meter, 30);
        for (int i = 0; i < 10; i++) Send(meter, 6e6, rttMs: 30, span: span);
        Assert.Equal(1, meter.RateBitsPerSecond / 6e6, 0.05);
        Assert.Equal(30, meter.RttMs, 0.5);
    }

    [Fact]
    public void Rate_ComputingAndWaiting_AreNotTakenForTransfer()
    {
        var meter = new LinkMeter();
        for (int i = 0; i < 10; i++) Ping(meter, 10);
        for (int i = 0; i < 10; i++) Send(meter, 8e6, rttMs: 10, computeMs: 40, queueMs: 100, span: i % 2 == 0);
        Assert.Equal(1, meter.RateBitsPerSecond / 8e6, 0.05);
        Assert.Equal(10, meter.RttMs, 0.5);
    }

    [Fact]
    public void Rtt_Changed_IsFollowedWithinFiveSamples()
    {
        var meter = new LinkMeter();
        for (int i = 0; i < 20; i++) Ping(meter, 20);
        for (int i = 0; i < 5; i++) Ping(meter, 80);
        Assert.Equal(80, meter.RttMs, 0.1);
        Ping(meter, 25);
        Assert.Equal(25, meter.RttMs, 0.1);
    }

    [Fact]
    public void Tail_FactorAndQueue_ApproachWhatIsMeasured()
    {
        var meter = new LinkMeter();
        for (int i = 0; i < 10; i++) meter.Tail(new TransferTimes { ComputeMicros = 6000, QueueMicros = 50_000 }, expectedMs: 2);
        Assert.Equal(3, meter.Snapshot(true).TailFactor, 0.05);
        Assert.Equal(50, meter.Snapshot(true).TailQueueMs, 1.0);
        // While our own measurement is fresh, what the tail says of others' requests changes nothing.
        meter.Load(new TransferTimes { Slowdown = 9 });
        Assert.Equal(3, meter.Snapshot(true).TailFactor, 0.05);
    }

    [Fact]
    public void Snapshot_BeforeAnything_KnowsNothing()
    {
        var snapshot = new LinkMeter().Snapshot(up: false);
        Assert.True(double.IsNaN(snapshot.RateBitsPerSecond) && double.IsNaN(snapshot.RttMs)
            && double.IsPositiveInfinity(snapshot.AgeSeconds));
    }

    [Theory]
    [InlineData(int.MaxValue, int.MaxValue)]
    [InlineData(1_200_000_000, 1_200_000_000)]
    [InlineData(int.MaxValue, 0)]
    public void Times_BeyondWhatThisSideSaw_AreNoRoundTrip(int computeMicros, int queueMicros)
    {
        var meter = new LinkMeter();
        for (int i = 0; i < 10; i++) Ping(meter, 20);
        var times = new TransferTimes
        {
            ComputeMicros = computeMicros,
            QueueMicros = queueMicros,
            SpanMicros = int.MaxValue,
            SpanBytes = int.MaxValue,
        };
        for (int i = 0; i < 10; i++) meter.Transfer(30, Frame, times);
        Assert.InRange(meter.RttMs, 0, 30);
        TransferTimes inside = times.Within(30, Frame);
        Assert.InRange(inside.ComputeMicros + (long)inside.QueueMicros, 0, 30_000);
        Assert.InRange(inside.SpanMicros, 0, 30_000);
        Assert.InRange(inside.SpanBytes, 0, Frame);
        for (int i = 0; i < 10; i++) meter.Transfer(30, Frame, inside);
        Assert.InRange(meter.RttMs, 0, 30);
    }

    static void Ping(LinkMeter meter, double rttMs) => meter.Transfer(rttMs, 90, default);

    /// <summary>A transfer over a perfect link: the first segment comes with the header, the rest takes its time within the span.</summary>
    static void Send(LinkMeter meter, double rate, double rttMs, double computeMs = 0, double queueMs = 0, bool span = true)
    {
        int spanBytes = span ? Frame - 1448 : 0;
        var times = new TransferTimes
        {
            ComputeMicros = (int)(computeMs * 1000),
            QueueMicros = (int)(queueMs * 1000),
            SpanMicros = (int)(spanBytes * 8e6 / rate),
            SpanBytes = spanBytes,
        };
        meter.Transfer((Frame * 8e3 / rate) + rttMs + computeMs + queueMs, Frame, times);
    }
}
