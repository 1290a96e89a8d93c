using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Inference.Tasks;
using EdgeML.Native.Offload.Wire;
using EdgeML.Native.Telemetry;
using EdgeML.Native.Tests.Inference.Engines;
using EdgeML.Native.Tests.Offload.Client;

namespace EdgeML.Native.Tests.Inference.Sessions;

public sealed class CancellationTests
{
    static EdgeSessionOptions Options(LoadedGraph loaded, int port, int inFlight = 1) => new()
    {
        Tail = ModelTail.To(port),
        ConnectWait = ModelTail.Patience,
        DeadlineMs = 60_000,
        InFlight = inFlight,
        Policy = loaded.Policy(0f, 1),
    };

    [Fact]
    public async Task RunAsync_CancelledBefore_DoesNotStart()
    {
        using var loaded = new LoadedGraph("chain");
        using var session = new EdgeSession(loaded.Model);
        var cancelled = new CancellationToken(true);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => session.RunAsync(loaded.Input(1), default, cancelled).AsTask());
        Assert.Equal(0, (await session.RunAsync(loaded.Input(1))).TaskId);
    }

    [Fact]
    public async Task RunAsync_CancelledWhileItWaitsForASlotOrForTheTail_EndsAtOnceAndTheSessionGoesOn()
    {
        using var loaded = new LoadedGraph("chain");
        using var asked = new SemaphoreSlim(0);
        using RawTail tail = ModelTail.Silent(loaded.Model, _ => asked.Release());
        using var session = new EdgeSession(loaded.Model, Options(loaded, tail.Port));
        using var first = new CancellationTokenSource();
        using var second = new CancellationTokenSource();
        Task<TaskResult> withTheTail = session.RunAsync(loaded.Input(1), default, first.Token).AsTask();
        Assert.True(await asked.WaitAsync(ModelTail.Patience));
        Task<TaskResult> waiting = session.RunAsync(loaded.Input(2), default, second.Token).AsTask();
        Assert.False(waiting.IsCompleted);
        await second.CancelAsync();
        OperationCanceledException queued = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        Assert.Equal(second.Token, queued.CancellationToken);
        Assert.False(withTheTail.IsCompleted);
        await first.CancelAsync();
        OperationCanceledException sent = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => withTheTail);
        Assert.Equal(first.Token, sent.CancellationToken);
        // The slot is back, and the link is not taken for stalled: the next task is sent, too.
        Task<TaskResult> next = session.RunAsync(loaded.Input(3)).AsTask();
        Assert.True(await asked.WaitAsync(ModelTail.Patience));
        tail.Dispose();
        Assert.Equal(FallbackReason.Down, (await next).FallbackReason);
    }

    [Fact]
    public async Task RunAsync_CancelledAgainAndAgain_LosesNoPlace()
    {
        using var loaded = new LoadedGraph("chain");
        const int places = 16; // that a client may have on the way
        bool answersAtOnce = false;
        using RawTail tail = ModelTail.Listen(loaded.Model, tail =>
        {
            // Answers what was given up only when every place on the way is taken.
            var held = new List<(RequestHeader Request, byte[] Payload)>();
            while (true)
            {
                held.Add(tail.Next());
                if (held.Count < places && !Volatile.Read(ref answersAtOnce)) continue;
                foreach ((RequestHeader request, byte[] payload) in held) tail.Send(tail.Answer(request, payload));
                held.Clear();
            }
        });
        using var session = new EdgeSession(loaded.Model, Options(loaded, tail.Port, inFlight: 4));
        int cancelled = 0;
        for (int round = 0; round < 30 || (cancelled <= places && round < 3000); round++)
        {
            using var source = new CancellationTokenSource();
            Task<TaskResult>[] tasks = [.. Enumerable.Range(0, 4).Select(i => session.RunAsync(loaded.Input(i), default, source.Token).AsTask())];
            await source.CancelAsync();
            foreach (Task<TaskResult> task in tasks)
            {
                try
                {
                    await task;
                }
                catch (OperationCanceledException)
                {
                    cancelled++;
                }
            }
        }
        Assert.True(cancelled > places, $"{cancelled} cancelled");
        Volatile.Write(ref answersAtOnce, true);
        var logits = new float[loaded.Manifest.Classes];
        // As soon as the tail is through with what was given up, all places on the way are there again.
        bool allOffloaded = false;
        for (long end = Environment.TickCount64 + (long)ModelTail.Patience.TotalMilliseconds; !allOffloaded && Environment.TickCount64 < end;)
        {
            TaskResult[] results = await Task.WhenAll(Enumerable.Range(0, 4).Select(i => session.RunAsync(loaded.Input(i)).AsTask()));
            allOffloaded = results.All(result => result.Offloaded);
        }
        Assert.True(allOffloaded);
        float[] input = loaded.Input(9);
        Assert.True((await session.RunAsync(input, logits)).Offloaded);
        LoadedGraph.AssertClose(loaded.Reference(input)[^1], logits, "after cancelled tasks");
    }

    [Fact]
    public async Task RunAsync_CancelledAtTheEdge_GivesAnAnswerThatIsThere()
    {
        using var loaded = new LoadedGraph("chain");
        using var source = new CancellationTokenSource();
        using var session = new EdgeSession(loaded.Model);
        Task<TaskResult> done = session.RunAsync(loaded.Input(1), default, source.Token).AsTask();
        await source.CancelAsync();
        Assert.Equal("edge", (await done).Where);
    }

    [Fact]
    public async Task Dispose_CallersThatWaitForASlot_AreTold()
    {
        using var loaded = new LoadedGraph("chain");
        using var asked = new SemaphoreSlim(0);
        using RawTail tail = ModelTail.Silent(loaded.Model, _ => asked.Release());
        var session = new EdgeSession(loaded.Model, Options(loaded, tail.Port));
        using var first = new CancellationTokenSource();
        Task<TaskResult> withTheTail = session.RunAsync(loaded.Input(1), default, first.Token).AsTask();
        Assert.True(await asked.WaitAsync(ModelTail.Patience));
        Task<TaskResult>[] waiting = [.. Enumerable.Range(0, 3).Select(i => session.RunAsync(loaded.Input(i)).AsTask())];
        Task closing = Task.Run(session.Dispose);
        // New callers are refused as soon as it closes.
        Assert.True(SpinWait.SpinUntil(() => IsRefused(session, loaded), ModelTail.Patience));
        await first.CancelAsync();
        await closing.WaitAsync(ModelTail.Patience);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => withTheTail);
        foreach (Task<TaskResult> each in waiting)
            Assert.Equal(nameof(EdgeSession), (await Assert.ThrowsAsync<ObjectDisposedException>(() => each)).ObjectName);
    }

    static bool IsRefused(EdgeSession session, LoadedGraph loaded)
    {
        using var probe = new CancellationTokenSource();
        Task<TaskResult> task = session.RunAsync(loaded.Input(1), default, probe.Token).AsTask();
        probe.Cancel();
        return Assert.Throws<AggregateException>(() => task.Wait()).InnerException is ObjectDisposedException;
    }
}
