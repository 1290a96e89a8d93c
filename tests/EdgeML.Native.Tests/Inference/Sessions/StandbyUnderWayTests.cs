using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Profiling;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Inference.Tasks;
using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Wire;
using EdgeML.Native.Tests.Inference.Engines;
using EdgeML.Native.Tests.Offload.Client;

namespace EdgeML.Native.Tests.Inference.Sessions;

/// <summary>What happens between sending a task and its end: answers that come meanwhile, too late, or never, and an edge that
/// fails.</summary>
public sealed class StandbyUnderWayTests
{
    static readonly BackendOptions s_plain = new() { Fuse = false };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Run_TailAnswersWhileTheEdgeComputes_ItsAnswerCounts(bool isAsync)
    {
        const double unitMs = 100;
        using var loaded = new LoadedGraph(StandbyGraphs.Sound(), s_plain);
        // Set where the edge waits for a unit that the emulated device has not finished: then the answer comes.
        ManualResetEventSlim? waiting = null;
        using RawTail tail = ModelTail.Listen(loaded.Model, tail =>
        {
            while (true)
            {
                (RequestHeader request, byte[] payload) = tail.Next();
                byte[] answer = tail.Answer(request, payload);
                Volatile.Read(ref waiting)?.Wait(ModelTail.Patience);
                tail.Send(answer);
            }
        });
        var slow = new DeviceEmulation(Hedged.Device(loaded.Manifest, unitMs, 1), 100) { Waiting = () => Volatile.Read(ref waiting)?.Set() };
        using var hedged = new Hedged(
            loaded, loaded.Policy(0f, 0).WithStandby(2), tail.Port, change: options => options with { Emulation = slow });
        float[] input = loaded.Input(7);
        hedged.Run(input);

        TaskResult result = default;
        using var waits = new ManualResetEventSlim();
        Volatile.Write(ref waiting, waits);
        var thread = new Thread(() => result = hedged.Run(input, isAsync));
        thread.Start();
        Assert.True(thread.Join(ModelTail.Patience));
        Assert.True(result.Offloaded && !result.Fallback && !result.Standby);
        LoadedGraph.AssertClose(loaded.Reference(input)[^1], hedged.Logits.ToArray(), "the tail's answer");
        Assert.InRange(hedged.Record.StandbyUnits, 1, StandbyGraphs.Second - 1);
        Assert.False(hedged.Record.StandbyReady);
        Assert.True(hedged.Record.StandbyMs >= unitMs * hedged.Record.StandbyUnits, $"{hedged.Record.StandbyMs} ms");
        Assert.Equal(hedged.Record.StandbyMs, hedged.Record.EdgeMs, 5.0);
    }

    [Theory]
    [InlineData(0, 1, 2)]
    [InlineData(1, 2, 5)]
    public void Run_OnASlowerDevice_StandbyTakesThatDevicesTime(int cut, int standby, int units)
    {
        using var loaded = new LoadedGraph(StandbyGraphs.Sound(), s_plain);
        var slow = new DeviceEmulation(Hedged.Device(loaded.Manifest, 4, 3), 100);
        using var hedged = new Hedged(loaded, loaded.Policy(0f, cut).WithStandby(standby), ModelTail.Nowhere(loaded.Model),
            change: options => options with { ConnectWait = TimeSpan.Zero, Emulation = slow });
        hedged.Run(loaded.Input(1));
        TaskResult result = hedged.Run(loaded.Input(1));
        Assert.True(result.Standby);
        Assert.Equal(units, hedged.Record.StandbyUnits);
        Assert.True(hedged.Record.StandbyMs >= (4 * units) + 3, $"{hedged.Record.StandbyMs} ms");
        Assert.True(result.EdgeMs >= (4 * cut) + hedged.Record.StandbyMs, $"{result.EdgeMs} ms");
        Assert.True(result.LatencyMs >= result.EdgeMs, $"{result.LatencyMs} ms");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Run_AfterALateAnswer_SendsNothingUntilItIsThere(bool isAsync)
    {
        using var loaded = new LoadedGraph(StandbyGraphs.Sound(), s_plain);
        using var goOn = new SemaphoreSlim(0);
        using RawTail tail = Holding(loaded, goOn);
        using var hedged = new Hedged(loaded, loaded.Policy(0f, 1).WithStandby(1), tail.Port, 150,
            options => options with { Tail = options.Tail! with { StallLimit = ModelTail.Patience } });
        float[] first = loaded.Input(1), second = loaded.Input(2), third = loaded.Input(3);
        for (int round = 0; round < 3; round++)
        {
            TaskResult late = hedged.Run(first, isAsync);
            hedged.AssertSaid(late, 1, first);
            Assert.True(late.BytesSent > 0);
            Assert.False(hedged.Session.Link.Up);
            TaskResult meanwhile = hedged.Run(second, isAsync);
            hedged.AssertSaid(meanwhile, 1, second);
            Assert.Equal(0, meanwhile.BytesSent);
            goOn.Release();
            hedged.UntilUp();
            hedged.Policy = hedged.Policy.WithStandby(0);
            goOn.Release();
            TaskResult after = hedged.Run(third, isAsync);
            Assert.True(after.BytesSent > 0);
            if (after.Offloaded) LoadedGraph.AssertClose(loaded.Reference(third)[^1], hedged.Logits.ToArray(), "the next answer");
            hedged.UntilUp();
            hedged.Policy = hedged.Policy.WithStandby(1);
        }
        Assert.Equal(1, tail.Sessions);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Run_EdgeFailsWhileTheTaskIsAway_TheRequestIsNotLeftBehind(bool isAsync)
    {
        using var loaded = new LoadedGraph(StandbyGraphs.Sound(), s_plain);
        using var goOn = new SemaphoreSlim(0);
        using RawTail tail = Holding(loaded, goOn);
        var here = BranchedModel.Load(loaded.Folder, s_plain);
        using var hedged = new Hedged(loaded, loaded.Policy(0f, 0), tail.Port, 300, model: here, change: options => options with
        {
            Tail = options.Tail! with { StallLimit = ModelTail.Patience, Limits = new ProtocolLimits { MaxInFlight = 1 } },
        });
        float[] input = loaded.Input(1);
        goOn.Release();
        Assert.True(hedged.Run(input).BytesSent > 0);
        hedged.UntilUp();
        // What the session has run so far it keeps; units are another matter.
        here.Dispose();
        hedged.Policy = hedged.Policy.WithStandby(2);
        Assert.ThrowsAny<ObjectDisposedException>(() => { hedged.Run(input, isAsync); });
        goOn.Release();
        hedged.UntilUp();
        hedged.Policy = hedged.Policy.WithStandby(0);
        goOn.Release();
        Assert.True(hedged.Run(input).BytesSent > 0);
    }

    /// <summary>A tail that answers a request whenever it is told to.</summary>
    static RawTail Holding(LoadedGraph loaded, SemaphoreSlim goOn) => ModelTail.Listen(loaded.Model, tail =>
    {
        while (true)
        {
            (RequestHeader request, byte[] payload) = tail.Next();
            goOn.Wait(ModelTail.Patience);
            tail.Send(tail.Answer(request, payload));
        }
    });
}
