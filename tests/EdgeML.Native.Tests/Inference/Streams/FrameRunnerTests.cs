using System.Diagnostics;
using EdgeML.Native.Imaging;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Inference.Streams;
using EdgeML.Native.Tests.Inference.Engines;
using EdgeML.Native.Tests.Models.Onnx;

namespace EdgeML.Native.Tests.Inference.Streams;

public sealed class FrameRunnerTests
{
    const int Classes = 5;

    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void Run_EveryFrame_AnswersAllInOrderAsTheSessionDoes(int workers)
    {
        using var loaded = Picture();
        using var session = new EdgeSession(loaded.Model, new EdgeSessionOptions { InFlight = workers });
        var runner = new FrameRunner(
            session, new TestSource(200), new FrameRunnerOptions { Selection = FrameSelection.Every, Workers = workers, QueueLength = 2 });
        var numbers = new List<long>();
        var logits = new List<float[]>();
        runner.Run((in FrameResult result, ReadOnlySpan<float> scores) =>
        {
            numbers.Add(result.Number);
            logits.Add(scores.ToArray());
        });
        Assert.Equal(Enumerable.Range(0, 200).Select(i => (long)i), numbers);
        Assert.Equal(new FrameCounters(200, 200, 0, 0), runner.Counters);
        Assert.Equal((200, 199), (runner.Latency.Count, runner.Jitter.Count));
        byte[] pixels = new byte[3 * TestSource.Side * TestSource.Side];
        float[] expected = new float[Classes];
        for (int i = 0; i < 200; i++)
        {
            TestSource.Fill(i, pixels);
            session.Run(new ImageFrame(pixels, TestSource.Side, TestSource.Side, PixelFormat.Rgb24), expected);
            LoadedGraph.AssertClose(expected, logits[i], $"frame {i}");
        }
    }

    [Fact]
    public void Run_NewestWins_SkipsToTheFrameThatCameLast()
    {
        using var loaded = Picture();
        using var session = new EdgeSession(loaded.Model);
        using var isBusy = new ManualResetEventSlim();
        using var allRead = new ManualResetEventSlim();
        var source = new TestSource(10)
        {
            Reading = (number, _, cancellation) =>
            {
                // The second frame is read when the first is being answered; the call after the last one finds all frames handed over.
                if (number == 1) Assert.True(isBusy.Wait(s_patience, cancellation));
                if (number == 10) allRead.Set();
            },
        };
        var runner = new FrameRunner(session, source);
        var numbers = new List<long>();
        runner.Run((in FrameResult result, ReadOnlySpan<float> _) =>
        {
            numbers.Add(result.Number);
            isBusy.Set();
            Assert.True(allRead.Wait(s_patience));
        });
        Assert.Equal([0, 9], numbers);
        Assert.Equal(new FrameCounters(10, 2, 8, 0), runner.Counters);
    }

    [Fact]
    public void Run_FrameTakenEarlier_CountsItsWaitingAndIsLate()
    {
        using var loaded = Picture();
        using var session = new EdgeSession(loaded.Model);
        var source = new TestSource(2)
        {
            Reading = (number, frame, _) => frame.CapturedAt = number == 0 ? Stopwatch.GetTimestamp() - (3600 * Stopwatch.Frequency) : 0,
        };
        var options = new FrameRunnerOptions { Selection = FrameSelection.Every, DeadlineMs = 1_800_000 };
        var runner = new FrameRunner(session, source, options);
        var results = new List<FrameResult>();
        runner.Run((in FrameResult result, ReadOnlySpan<float> _) => results.Add(result));
        Assert.Equal([true, false], results.Select(result => result.IsLate));
        Assert.InRange(results[0].Answer.LatencyMs, 3_600_000, double.MaxValue);
        Assert.InRange(results[0].Answer.QueueMs, 3_600_000, results[0].Answer.LatencyMs);
        Assert.Equal(1, runner.Counters.Late);
        Assert.Contains("late", results[0].ToString());
    }

    [Fact]
    public void Run_SourceFails_ThrowsAfterTheFramesBefore()
    {
        using var loaded = Picture();
        using var session = new EdgeSession(loaded.Model);
        var source = new TestSource(10)
        {
            Reading = (number, _, _) =>
            {
                if (number == 3) throw new IOException("the camera is gone");
            },
        };
        var runner = new FrameRunner(session, source, new FrameRunnerOptions { Selection = FrameSelection.Every });
        var e = Assert.Throws<IOException>(() => runner.Run((in FrameResult _, ReadOnlySpan<float> _) => { }));
        Assert.Equal("the camera is gone", e.Message);
        Assert.Equal(3, runner.Counters.Read);
        Assert.Equal(3, runner.Counters.Answered + runner.Counters.Dropped);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Run_HandlerThrows_EndsAndCanRunAgain(int workers)
    {
        using var loaded = Picture();
        using var session = new EdgeSession(loaded.Model, new EdgeSessionOptions { InFlight = workers });
        var runner = new FrameRunner(
            session, new TestSource(1000), new FrameRunnerOptions { Selection = FrameSelection.Every, Workers = workers });
        int calls = 0;
        Assert.Throws<InvalidDataException>(() => runner.Run((in FrameResult result, ReadOnlySpan<float> _) =>
        {
            calls++;
            if (result.Number == 5) throw new InvalidDataException();
        }));
        Assert.Equal(6, calls);
        long last = 0;
        runner.Run((in FrameResult result, ReadOnlySpan<float> _) => last = result.Number);
        FrameCounters counters = runner.Counters;
        Assert.Equal(counters.Read - 1, last);
        Assert.Equal(counters.Read, counters.Answered + counters.Dropped);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Run_EndsWithFramesEverywhere_EachIsAnsweredOrDropped(bool fails)
    {
        using var loaded = Picture();
        using var session = new EdgeSession(loaded.Model, new EdgeSessionOptions { InFlight = 2 });
        using var stop = new CancellationTokenSource();
        using var lastRead = new ManualResetEventSlim();
        // Of four buffers three wait and one is read into: both workers have returned theirs, and the other one awaits its turn.
        var source = new TestSource(int.MaxValue)
        {
            Reading = (number, _, cancellation) =>
            {
                if (number != 5) return;
                lastRead.Set();
                Assert.True(cancellation.WaitHandle.WaitOne(s_patience));
            },
        };
        var runner = new FrameRunner(
            session, source, new FrameRunnerOptions { Selection = FrameSelection.Every, Workers = 2, QueueLength = 1 });
        var numbers = new List<long>();
        void Handle(in FrameResult result, ReadOnlySpan<float> scores)
        {
            numbers.Add(result.Number);
            if (result.Number > 0) return;
            Assert.True(lastRead.Wait(s_patience));
            if (fails) throw new InvalidDataException();
            stop.Cancel();
        }
        if (fails) Assert.Throws<InvalidDataException>(() => runner.Run(Handle, stop.Token));
        else Assert.Throws<OperationCanceledException>(() => runner.Run(Handle, stop.Token));
        Assert.Equal(fails ? [0] : [0, 1], numbers);
        Assert.Equal(fails ? new FrameCounters(6, 1, 5, 0) : new FrameCounters(6, 2, 4, 0), runner.Counters);
    }

    [Fact]
    public void Run_SourceFails_AndSoDoesWhatItRegistered_ThrowsTheFirst()
    {
        using var loaded = Picture();
        using var session = new EdgeSession(loaded.Model);
        var source = new TestSource(10)
        {
            Reading = (number, _, cancellation) =>
            {
                if (number == 0) cancellation.Register(() => throw new InvalidDataException());
                else throw new IOException("the camera is gone");
            },
        };
        var runner = new FrameRunner(session, source);
        Assert.Throws<IOException>(() => runner.Run((in FrameResult _, ReadOnlySpan<float> _) => { }));
    }

    [Fact]
    public void Run_Cancelled_EndsAWaitingSource()
    {
        using var loaded = Picture();
        using var session = new EdgeSession(loaded.Model);
        using var stop = new CancellationTokenSource();
        var source = new TestSource(10)
        {
            Reading = (number, _, cancellation) =>
            {
                if (number != 1) return;
                stop.Cancel();
                cancellation.WaitHandle.WaitOne();
                cancellation.ThrowIfCancellationRequested();
            },
        };
        var runner = new FrameRunner(session, source);
        Assert.Throws<OperationCanceledException>(() => runner.Run((in FrameResult _, ReadOnlySpan<float> _) => { }, stop.Token));
        Assert.Equal(1, runner.Counters.Read);
    }

    [Fact]
    public void Run_InsideARun_IsRefused()
    {
        using var loaded = Picture();
        using var session = new EdgeSession(loaded.Model);
        var runner = new FrameRunner(session, new TestSource(1));
        Assert.Throws<InvalidOperationException>(() => runner.Run((in FrameResult _, ReadOnlySpan<float> _) =>
            runner.Run((in FrameResult _, ReadOnlySpan<float> _) => { })));
    }

    [Fact]
    public async Task RunAsync_AllFrames_ThenLeavingTheLoopEndsTheRun()
    {
        using var loaded = Picture();
        using var session = new EdgeSession(loaded.Model);
        var every = new FrameRunnerOptions { Selection = FrameSelection.Every };
        var numbers = new List<long>();
        await foreach (FrameResult result in new FrameRunner(session, new TestSource(50), every).RunAsync()) numbers.Add(result.Number);
        Assert.Equal(Enumerable.Range(0, 50).Select(i => (long)i), numbers);

        var endless = new FrameRunner(session, new TestSource(int.MaxValue), every);
        await foreach (FrameResult result in endless.RunAsync())
            if (result.Number == 3) break;
        FrameCounters counters = endless.Counters;
        // One answer waits for the consumer, and one is being computed.
        Assert.InRange(counters.Answered, 4, 6);
        Assert.Equal(counters.Read, counters.Answered + counters.Dropped);
        await foreach (FrameResult result in endless.RunAsync())
            if (result.Number >= counters.Read) break;
    }

    [Fact]
    public async Task RunAsync_Cancelled_Throws()
    {
        using var loaded = Picture();
        using var session = new EdgeSession(loaded.Model);
        using var stop = new CancellationTokenSource();
        var runner = new FrameRunner(session, new TestSource(int.MaxValue));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (FrameResult _ in runner.RunAsync(stop.Token)) stop.Cancel();
        });
    }

    [Fact]
    public void Run_ManyFrames_AllocatesNothingPerFrame()
    {
        using var loaded = Picture();
        using var session = new EdgeSession(loaded.Model);
        long answering = 0, reading = 0;
        var source = new TestSource(2000)
        {
            Reading = (number, _, _) =>
            {
                if (number == 1000) reading = GC.GetAllocatedBytesForCurrentThread();
                if (number == 1999) reading = GC.GetAllocatedBytesForCurrentThread() - reading;
            },
        };
        new FrameRunner(session, new TestSource(10)).Run((in FrameResult _, ReadOnlySpan<float> _) => { });
        Assert.True(loaded.Model.WaitForFusion(s_patience));
        new FrameRunner(session, source, new FrameRunnerOptions { Selection = FrameSelection.Every }).Run(
            (in FrameResult result, ReadOnlySpan<float> _) =>
            {
                if (result.Number == 1000) answering = GC.GetAllocatedBytesForCurrentThread();
                if (result.Number == 1999) answering = GC.GetAllocatedBytesForCurrentThread() - answering;
            });
        Assert.Equal((0, 0), (answering, reading));
    }

    [Fact]
    public void Create_MoreWorkersThanSlots_SaysSo()
    {
        using var loaded = Picture();
        using var session = new EdgeSession(loaded.Model, new EdgeSessionOptions { InFlight = 2 });
        var e = Assert.ThrowsAny<ArgumentException>(() => new FrameRunner(session, new TestSource(1), new FrameRunnerOptions { Workers = 3 }));
        Assert.Contains("Workers is 3, not in 1..2", e.Message);
        Assert.ThrowsAny<ArgumentException>(() => new FrameRunner(session, new TestSource(1), new FrameRunnerOptions { FramesPerSecond = 0 }));
    }

    [Fact]
    public void Pace_SourceKeepsUp_FramesAreDueAtTheirTimes()
    {
        long now = 1;
        var pace = new FramePace(100, () => now);
        long period = Stopwatch.Frequency / 100;
        Assert.Equal(TimeSpan.Zero, pace.Next());
        now += period / 4;
        Assert.Equal(TimeSpan.FromMilliseconds(7.5), pace.Next());
        now += period;
        Assert.Equal(TimeSpan.FromMilliseconds(7.5), pace.Next());
        // Half a period late: the next frame is due at its own time.
        now = 1 + (7 * period / 2);
        Assert.Equal(TimeSpan.Zero, pace.Next());
        Assert.Equal(TimeSpan.FromMilliseconds(5), pace.Next());
        // Far behind: no burst.
        now += 20 * period;
        Assert.Equal(TimeSpan.Zero, pace.Next());
        Assert.Equal(TimeSpan.FromMilliseconds(10), pace.Next());
        Assert.Equal(TimeSpan.Zero, new FramePace(null, () => now).Next());
    }

    [Fact]
    public void Run_WithARate_WaitsBeforeEveryFrameButTheFirst()
    {
        using var loaded = Picture();
        using var session = new EdgeSession(loaded.Model);
        long now = 1;
        var waits = new List<TimeSpan>();
        var runner = new FrameRunner(
            session, new TestSource(4), new FrameRunnerOptions { Selection = FrameSelection.Every, FramesPerSecond = 50 }, () => now)
        {
            Waiting = (time, _) =>
            {
                waits.Add(time);
                now += time.Ticks * Stopwatch.Frequency / TimeSpan.TicksPerSecond;
            },
        };
        runner.Run((in FrameResult _, ReadOnlySpan<float> _) => { });
        Assert.Equal(Enumerable.Repeat(TimeSpan.FromMilliseconds(20), 4), waits);
    }

    [Fact]
    public void Histogram_KnownTimes_GivesBoundsThatHold()
    {
        var histogram = new FrameHistogram();
        Assert.True(double.IsNaN(histogram.QuantileMs(0.5)));
        foreach (double ms in (double[])[0.1, 0.2, 1, 3, 1e9]) histogram.Add(ms);
        Assert.Equal((5, 1e9), (histogram.Count, histogram.LargestMs));
        Assert.Equal(1, histogram.Counts[0]);
        Assert.Equal(1, histogram.Counts[^1]);
        Assert.Equal(0.125, histogram.QuantileMs(0.2));
        Assert.Equal(2, histogram.QuantileMs(0.6));
        Assert.Equal(1e9, histogram.QuantileMs(1));
        Assert.Throws<ArgumentOutOfRangeException>(() => histogram.QuantileMs(1.1));
    }

    static LoadedGraph Picture()
    {
        var b = new OnnxBuilder(3);
        string x = b.MaxPool(b.ConvRelu(b.Input("image", -1, 3, TestSource.Side, TestSource.Side), 3, 8));
        b.Head(x, 8, Classes, "exit1");
        b.Head(b.ConvRelu(x, 8, 16), 16, Classes, "logits");
        b.Output("exit1", "logits");
        return new LoadedGraph(b.Bytes);
    }
}
