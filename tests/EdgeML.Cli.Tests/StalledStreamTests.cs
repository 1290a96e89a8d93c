using System.Globalization;
using EdgeML.Native.Imaging;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Inference.Streams;
using EdgeML.Native.Offload.Client;
using EdgeML.Native.Policies;
using EdgeML.Native.Telemetry;
using EdgeML.Simulation.Links;
using EdgeML.Simulation.Processes;

namespace EdgeML.Cli.Tests;

/// <summary>Allocations are those of the whole process, so nothing runs beside this.</summary>
[CollectionDefinition(nameof(StalledStreamTests), DisableParallelization = true)]
public sealed class StalledStreamCollection;

/// <summary>Frames at 60 Hz, a tail as its own process, and a link that stalls again and again. 10 s per selection;
/// EDGEML_STREAM_SECONDS for longer.</summary>
[Collection(nameof(StalledStreamTests))]
public class StalledStreamTests(ShippedPackage package, ITestOutputHelper output) : IClassFixture<ShippedPackage>
{
    const int Side = 96;
    const double FramesPerSecond = 60, DeadlineMs = 25, StallMs = 60;

    static int Frames =>
        (int)(FramesPerSecond * double.Parse(Environment.GetEnvironmentVariable("EDGEML_STREAM_SECONDS") ?? "10", CultureInfo.InvariantCulture));

    [Theory]
    [InlineData(FrameSelection.Every)]
    [InlineData(FrameSelection.Newest)]
    public void Run_LinkStalls_EveryFrameIsAnsweredOrReplacedByANewerOne(FrameSelection selection)
    {
        using var model = BranchedModel.Load(package.Model);
        using ChildProcess tail = ChildProcess.Start(EdgemlProcess.Command("tail", "--model", package.Model, "--listen", "127.0.0.1:0"));
        var address = System.Net.IPEndPoint.Parse(tail.ReadLine(TimeSpan.FromMinutes(1))!.Split(' ')[1]);
        using var relay = new FaultyRelay(() => address, _ => { });
        float[] never = new float[model.Manifest.SideExits];
        using var session = new EdgeSession(model, new EdgeSessionOptions
        {
            Policy = new ExitPolicy(never, 4),
            DeadlineMs = DeadlineMs,
            Tail = new TailClientOptions { Host = "127.0.0.1", Port = relay.EndPoint.Port },
            ConnectWait = TimeSpan.FromMinutes(1),
            RequireTail = true,
            WarmUp = true,
        });
        var source = new Recording(Frames);
        var runner = new FrameRunner(session, source, new FrameRunnerOptions { Selection = selection, FramesPerSecond = FramesPerSecond });
        long last = -1, newest = 0, late = 0, offloaded = 0, stalled = 0, middle = 0, allocated = 0;
        runner.Run((in FrameResult result, ReadOnlySpan<float> _) =>
        {
            Assert.True(result.Number > last);
            if (selection == FrameSelection.Every) Assert.Equal(last + 1, result.Number);
            // Frame `newest` had been read when the frame before this one was answered, and the one before it had been handed over.
            else Assert.True(result.Number >= newest - 1, $"frame {result.Number} answered, frame {newest} was there");
            (last, newest) = (result.Number, source.Read - 1);
            Assert.Equal(result.Answer.LatencyMs > DeadlineMs, result.IsLate);
            if (result.IsLate) late++;
            if (result.Answer.Offloaded) offloaded++;
            if (result.Answer.FallbackReason is FallbackReason.Late or FallbackReason.Stalled) stalled++;
            if (result.Number % 20 == 10 && !relay.IsArmed) relay.Arm(new LinkFault(LinkFaultKind.Stall, Upwards: true, AfterBytes: 100, StallMs, 1));
            if (middle == 0 && result.Number >= Frames / 2) (middle, allocated) = (result.Number, GC.GetTotalAllocatedBytes(precise: true));
        });
        allocated = GC.GetTotalAllocatedBytes(precise: true) - allocated;
        FrameCounters counters = runner.Counters;
        output.WriteLine(FormattableString.Invariant(
            $"{counters}; {offloaded} by the tail, {stalled} after a stall; {(double)allocated / (Frames - middle):0} B per frame; latency {runner.Latency.QuantileMs(0.5)} and {runner.Latency.QuantileMs(0.99)} ms, jitter {runner.Jitter.QuantileMs(0.99)} ms"));
        Assert.Equal(Frames, counters.Read);
        Assert.Equal(counters.Read, counters.Answered + counters.Dropped);
        if (selection == FrameSelection.Every) Assert.Equal(0, counters.Dropped);
        Assert.Equal(Frames - 1, last);
        Assert.Equal(late, counters.Late);
        Assert.True(offloaded > 0 && stalled > 0, $"{offloaded} by the tail, {stalled} after a stall");
        // Reconnecting and waiting for a pace cost a little; a frame kept would cost 28 KB.
        Assert.InRange(allocated / (Frames - middle), 0, 4096);
    }

    /// <summary>Ten pictures again and again.</summary>
    sealed class Recording(int count) : IFrameSource
    {
        readonly byte[][] _pictures = [.. Enumerable.Range(0, 10).Select(seed =>
        {
            byte[] pixels = new byte[3 * Side * Side];
            new Random(seed).NextBytes(pixels);
            return pixels;
        })];
        long _read;

        public long Read => Volatile.Read(ref _read);

        bool IFrameSource.Read(FrameBuffer frame, CancellationToken cancellation)
        {
            if (_read == count) return false;
            _pictures[_read % _pictures.Length].CopyTo(frame.Resize(Side, Side, PixelFormat.Rgb24));
            Interlocked.Increment(ref _read);
            return true;
        }
    }
}
