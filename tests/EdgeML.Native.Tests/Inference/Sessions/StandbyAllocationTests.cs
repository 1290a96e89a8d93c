using System.Diagnostics.CodeAnalysis;
using System.Net;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Inference.Tasks;
using EdgeML.Native.Offload.Server;
using EdgeML.Native.Tests.Inference.Engines;
using EdgeML.Native.Tests.Offload.Client;
using EdgeML.Server;
using EdgeML.Server.Configuration;

namespace EdgeML.Native.Tests.Inference.Sessions;

/// <summary>What a task allocates that an exit stands by for, once the session is warm: nothing, whoever answers.</summary>
public sealed class StandbyAllocationTests
{
    const int Tasks = 500;

    static readonly BackendOptions s_plain = new() { Fuse = false };

    [Fact]
    public void Run_StandbyExitAnswersAtOnce_AllocatesNothing()
    {
        using var world = new World(5000);
        for (int i = 0; i < Tasks; i++) Assert.True(world.Session.Run(world.Input, world.Logits).Standby);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < Tasks; i++) world.Session.Run(world.Input, world.Logits);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    /// <summary>Without optimisation the compiler makes a class of an asynchronous method's state.</summary>
    [Fact]
    public void RunAsync_StandbyExitAnswersAtOnce_AllocatesNoMoreThanWithoutOne()
    {
        using var world = new World(5000);
        long hedged = Allocated(standby: true);
        world.Session.Policy = world.Session.Policy.WithStandby(0);
        long plain = Allocated(standby: false);
        Assert.Equal(plain, hedged);

        long Allocated(bool standby)
        {
            for (int i = 0; i < Tasks; i++) Run(standby);
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < Tasks; i++) Run(standby);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        [SuppressMessage("Reliability", "CA2012", Justification = "Consumed once, by the awaiter.")]
        void Run(bool standby)
        {
            var awaiter = world.Session.RunAsync(world.Input, world.Logits).GetAwaiter();
            Assert.True(awaiter.IsCompleted);
            Assert.Equal(standby, awaiter.GetResult().Standby);
        }
    }

    [Fact]
    public void Run_TailAnswers_AllocatesNothing()
    {
        using var world = new World(5000);
        // Without a tail the session comes by every unit, so that no plan is bound later.
        Assert.True(world.Session.Run(world.Input, world.Logits).Standby);
        using var server = new TailServer(new ModelTailExecutor(world.Model), new TailServerOptions { EndPoint = world.There });
        Assert.True(SpinWait.SpinUntil(() => world.Session.Link.Up, ModelTail.Patience));
        int offloaded = 0;
        for (int i = 0; i < Tasks; i++) world.Session.Run(world.Input, world.Logits);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < Tasks; i++)
        {
            if (world.Session.Run(world.Input, world.Logits).Offloaded) offloaded++;
        }
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.True(offloaded > Tasks / 2, $"{offloaded} offloaded");
    }

    [Fact]
    public void Run_TailIsLate_AllocatesNothing()
    {
        const int late = 30;
        using var loaded = new LoadedGraph(StandbyGraphs.Sound(), s_plain);
        using var goOn = new SemaphoreSlim(0);
        using RawTail tail = ModelTail.Listen(loaded.Model, tail =>
        {
            while (true)
            {
                var (request, payload) = tail.Next();
                goOn.Wait(ModelTail.Patience);
                tail.Send(tail.Answer(request, payload));
            }
        });
        using var session = new EdgeSession(loaded.Model, new EdgeSessionOptions
        {
            Tail = ModelTail.To(tail.Port) with { StallLimit = ModelTail.Patience },
            ConnectWait = ModelTail.Patience,
            DeadlineMs = 10,
            Policy = loaded.Policy(0f, 1).WithStandby(2),
        });
        float[] input = loaded.Input(1), logits = new float[loaded.Manifest.Classes];
        (long allocated, int sent) = (0, 0);
        for (int i = 0; i < 2 * late; i++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            TaskResult result = session.Run(input, logits);
            if (i >= late) allocated += GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(result.Standby);
            if (result.BytesSent == 0) continue;
            sent++;
            goOn.Release();
            Assert.True(SpinWait.SpinUntil(() => session.Link.Up, ModelTail.Patience));
        }
        Assert.Equal(0, allocated);
        Assert.True(sent > late, $"{sent} of {2 * late} sent");
    }

    sealed class World : IDisposable
    {
        readonly LoadedGraph _loaded = new(StandbyGraphs.Sound(), s_plain);

        public World(double deadlineMs)
        {
            There = new IPEndPoint(IPAddress.Loopback, ModelTail.Nowhere(_loaded.Model));
            Session = new EdgeSession(_loaded.Model, new EdgeSessionOptions
            {
                Tail = ModelTail.To(There.Port),
                ConnectWait = TimeSpan.Zero,
                DeadlineMs = deadlineMs,
                Policy = _loaded.Policy(0f, 1).WithStandby(2),
            });
            (Input, Logits) = (_loaded.Input(1), new float[_loaded.Manifest.Classes]);
        }

        public BranchedModel Model => _loaded.Model;

        /// <summary>Where the session looks for its tail; nothing listens there yet.</summary>
        public IPEndPoint There { get; }

        public EdgeSession Session { get; }

        public float[] Input { get; }

        public float[] Logits { get; }

        public void Dispose()
        {
            Session.Dispose();
            _loaded.Dispose();
        }
    }
}
