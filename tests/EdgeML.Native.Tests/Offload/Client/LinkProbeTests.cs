using System.Diagnostics;
using System.Globalization;
using EdgeML.Native.Offload.Client;
using EdgeML.Native.Offload.Wire;
using EdgeML.Native.Tests.Offload.Wire;

namespace EdgeML.Native.Tests.Offload.Client;

/// <summary>What pings and probes cost, in virtual time: every byte in both directions, and 40 bytes of TCP/IP a segment.</summary>
public class LinkProbeTests(ITestOutputHelper output)
{
    const double RttMs = 20, StepMs = 50, Rate = 20e6;

    [Fact]
    public void IdleLink_TakesAtMostFiveMegabytesADay()
    {
        var link = new VirtualLink(TailClientTests.Options(1));
        long day = link.Run(TimeSpan.FromDays(1));
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"idle link: {day / 1e6:0.00} MB in the first day, {link.Frames} pings and probes"));
        Assert.InRange(day, 1, 5_000_000);
        // A tail ends a connection that says nothing for 60 s.
        Assert.InRange(link.LongestSilence, TimeSpan.Zero, TimeSpan.FromSeconds(21));
        long next = link.Run(TimeSpan.FromDays(1));
        Assert.InRange(next, 1, day);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public void IdleLinks_OfSeveralTails_TakeAtMostFiveMegabytesADayTogether(int tails)
    {
        var link = new VirtualLink(TailClientTests.Options(1) with { Sharing = tails });
        long day = tails * link.Run(TimeSpan.FromDays(1));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{tails} idle links: {day / 1e6:0.00} MB in the first day"));
        Assert.InRange(day, 1, 5_000_000);
        Assert.InRange(link.LongestSilence, TimeSpan.Zero, TimeSpan.FromSeconds(46));
    }

    [Fact]
    public void Task_AfterARest_IsMeasuredForAtOnceAndThenAsOften()
    {
        var link = new VirtualLink(TailClientTests.Options(1));
        link.Run(TimeSpan.FromHours(3));
        int probes = link.Probes;
        link.Use();
        link.Run(TimeSpan.FromMilliseconds(2 * StepMs));
        Assert.Equal(probes + 1, link.Probes);
        // Tasks that the edge answers keep the link measured as often as ever: every second.
        for (int second = 0; second < 60; second++)
        {
            link.Use();
            link.Run(TimeSpan.FromSeconds(1));
        }
        Assert.InRange(link.Probes, probes + 50, probes + 62);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100_000)]
    [InlineData(1_000_000)]
    public void Budget_OfAnHour_IsKept(int budget)
    {
        const int keepAlive = 65_000;
        var link = new VirtualLink(TailClientTests.Options(1) with { ProbeBudget = budget });
        for (int hour = 0; hour < 3; hour++)
        {
            long bytes = 0;
            for (int second = 0; second < 3600; second++)
            {
                link.Use();
                bytes += link.Run(TimeSpan.FromSeconds(1));
            }
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"budget {budget}: {bytes} bytes in hour {hour}"));
            Assert.InRange(bytes, 1, Math.Max(budget, keepAlive));
        }
        Assert.InRange(link.LongestSilence, TimeSpan.Zero, TimeSpan.FromSeconds(21));
    }

    sealed class VirtualLink : TimeProvider
    {
        readonly LinkProbe _probe;
        long _now = Stopwatch.Frequency;
        long _spoke;
        ulong _sequence;

        public VirtualLink(TailClientOptions options)
        {
            _probe = new LinkProbe(options, new LinkMeter(this), this);
            _probe.Reset();
            _spoke = _now;
        }

        public int Frames { get; private set; }

        public int Probes { get; private set; }

        public TimeSpan LongestSilence { get; private set; }

        public override long TimestampFrequency => Stopwatch.Frequency;

        public override long GetTimestamp() => _now;

        public void Use() => _probe.NoteUse();

        /// <summary>Time passes.</summary>
        /// <returns>Bytes on the link.</returns>
        public long Run(TimeSpan time)
        {
            long end = _now + (long)(time.TotalSeconds * Stopwatch.Frequency), bytes = 0;
            for (; _now < end; Pass(StepMs))
            {
                int payload = _probe.Next(_now, isIdle: true);
                if (payload < 0) continue;
                TimeSpan silence = GetElapsedTime(_spoke);
                if (silence > LongestSilence) LongestSilence = silence;
                _spoke = _now;
                Frames++;
                if (payload > 0) Probes++;
                int frame = _probe.Begin(++_sequence, payload).Length;
                var pong = new PingHeader
                {
                    Sequence = _sequence,
                    Times = new TransferTimes
                    {
                        SpanMicros = (int)(payload * 8e6 / Rate),
                        SpanBytes = payload,
                        InFlight = 3,
                        BusyShare = 0.5f,
                        Slowdown = 1.5f,
                    },
                };
                Pass(RttMs + (payload * 8e3 / Rate));
                _probe.End(pong, _now);
                int segments = (frame + 1447) / 1448;
                // Data, what acknowledges it, the pong and its acknowledgement.
                bytes += frame + Wire.Frames.Make(FrameKind.Pong, pong.Write).Length + (40 * (segments + ((segments + 1) / 2) + 2));
            }
            return bytes;
        }

        void Pass(double ms) => _now += (long)(ms * Stopwatch.Frequency / 1000);
    }
}
