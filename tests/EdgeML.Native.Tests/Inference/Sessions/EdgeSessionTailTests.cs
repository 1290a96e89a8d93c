using System.Net;
using EdgeML.Native.Inference.Profiling;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Inference.Tasks;
using EdgeML.Native.Offload.Client;
using EdgeML.Native.Offload.Server;
using EdgeML.Native.Tests.Inference.Engines;
using EdgeML.Native.Tests.Offload.Client;
using EdgeML.Server;
using EdgeML.Server.Configuration;

namespace EdgeML.Native.Tests.Inference.Sessions;

public sealed class EdgeSessionTailTests
{
    static TailClientOptions To(IPEndPoint endPoint) => new()
    {
        Host = endPoint.Address.ToString(),
        Port = endPoint.Port,
        FirstBackoff = TimeSpan.FromMilliseconds(5),
        LongestBackoff = TimeSpan.FromMilliseconds(20),
    };

    [Theory]
    [InlineData("chain")]
    [InlineData("residual")]
    [InlineData("inception")]
    public void Run_EveryCut_TailAnswersWithTheWholeModelsLogits(string graph)
    {
        using var loaded = new LoadedGraph(graph);
        using var server = new TailServer(new ModelTailExecutor(loaded.Model), new TailServerOptions());
        using var session = new EdgeSession(loaded.Model,
            new EdgeSessionOptions { Tail = To(server.EndPoint), ConnectWait = TimeSpan.FromSeconds(20), DeadlineMs = 20_000 });
        float[] input = loaded.Input(2);
        float[] expected = loaded.Reference(input)[^1];
        var logits = new float[loaded.Manifest.Classes];
        for (int cut = 0; cut <= loaded.Manifest.LocalCut; cut++)
        {
            session.Policy = loaded.Policy(0f, cut);
            var result = session.Run(input, logits);
            Assert.Equal(cut < loaded.Manifest.LocalCut, result.Offloaded);
            Assert.False(result.Fallback);
            LoadedGraph.AssertClose(expected, logits, $"{graph} cut {cut} through a tail");
        }
    }

    [Fact]
    public void Constructor_ControllerFails_LeavesNoConnection()
    {
        using var loaded = new LoadedGraph("chain");
        using var server = new TailServer(new ModelTailExecutor(loaded.Model), new TailServerOptions());
        int connected = 0;
        var error = Assert.Throws<InvalidOperationException>(() => new EdgeSession(loaded.Model, new EdgeSessionOptions
        {
            Tail = To(server.EndPoint),
            ConnectWait = TimeSpan.FromSeconds(20),
            Profile = DeviceProfiler.Measure(loaded.Model, "here", runs: 3),
            CreateController = _ =>
            {
                connected = server.Connections;
                throw new InvalidOperationException("no controller today");
            },
        }));
        Assert.Equal("no controller today", error.Message);
        Assert.Equal(1, connected);
        Assert.True(SpinWait.SpinUntil(() => server.Connections == 0, TimeSpan.FromSeconds(20)), "the tail still sees the failed session");
    }

    [Fact]
    public void Run_ExitAtTheCut_IsTriedOnTheEdge()
    {
        using var loaded = new LoadedGraph("chain");
        using var server = new TailServer(new ModelTailExecutor(loaded.Model), new TailServerOptions());
        using var session = new EdgeSession(loaded.Model,
            new EdgeSessionOptions { Tail = To(server.EndPoint), ConnectWait = TimeSpan.FromSeconds(20), DeadlineMs = 20_000 });
        int unit = loaded.Manifest.Exits[0].AfterUnit;
        session.Policy = loaded.Policy(1f, unit);
        Assert.Equal((1, false), Outcome(session.Run(loaded.Input(1))));
        session.Policy = loaded.Policy(1f, unit - 1);
        Assert.Equal((1, true), Outcome(session.Run(loaded.Input(1))));

        static (int, bool) Outcome(TaskResult result) => (result.Exit, result.Offloaded);
    }

    [Fact]
    public void Run_NoTailThere_FinishesLocallyAndSaysSo()
    {
        using var loaded = new LoadedGraph("chain");
        IPEndPoint nowhere;
        using (var server = new TailServer(new ModelTailExecutor(loaded.Model), new TailServerOptions())) nowhere = server.EndPoint;
        using var session = new EdgeSession(loaded.Model,
            new EdgeSessionOptions { Tail = To(nowhere), ConnectWait = TimeSpan.Zero, Policy = loaded.Policy(0f, 1) });
        float[] input = loaded.Input(4);
        var logits = new float[loaded.Manifest.Classes];
        var result = session.Run(input, logits);
        Assert.True(result.Fallback);
        Assert.False(result.Offloaded);
        LoadedGraph.AssertClose(loaded.Reference(input)[^1], logits, "fallback");
    }

    [Fact]
    public void Run_TailTooSlowForTheDeadline_FinishesLocallyAndIgnoresTheLateAnswer()
    {
        using var loaded = new LoadedGraph("chain");
        double factor = 2000;
        using var server = new TailServer(new ModelTailExecutor(loaded.Model),
            new TailServerOptions { LoadFactor = () => Volatile.Read(ref factor) });
        using var session = new EdgeSession(loaded.Model, new EdgeSessionOptions
        {
            Tail = To(server.EndPoint),
            ConnectWait = TimeSpan.FromSeconds(20),
            DeadlineMs = 10,
            Policy = loaded.Policy(0f, 1),
        });
        float[] first = loaded.Input(4), second = loaded.Input(5);
        var logits = new float[loaded.Manifest.Classes];
        Assert.True(session.Run(first, logits).Fallback);
        LoadedGraph.AssertClose(loaded.Reference(first)[^1], logits, "late tail");
        Volatile.Write(ref factor, 1);
        for (int i = 0; i < 3; i++)
        {
            session.Run(second, logits);
            LoadedGraph.AssertClose(loaded.Reference(second)[^1], logits, "after a late answer");
        }
    }

    [Fact]
    public async Task RunAsync_EightInFlight_EveryAnswerBelongsToItsInput()
    {
        using var loaded = new LoadedGraph("residual");
        using var server = new TailServer(new ModelTailExecutor(loaded.Model), new TailServerOptions { ComputeThreads = 2 });
        using var session = new EdgeSession(loaded.Model, new EdgeSessionOptions
        {
            Tail = To(server.EndPoint),
            ConnectWait = TimeSpan.FromSeconds(20),
            DeadlineMs = 20_000,
            InFlight = 8,
            Policy = loaded.Policy(0f, 1),
        });
        float[][] inputs = [.. Enumerable.Range(0, 16).Select(loaded.Input)];
        float[][] expected = [.. inputs.Select(input => loaded.Reference(input)[^1])];
        var ids = new HashSet<long>();
        for (int round = 0; round < 20; round++)
        {
            float[][] logits = [.. inputs.Select(_ => new float[loaded.Manifest.Classes])];
            var results = await Task.WhenAll(inputs.Select((input, i) => session.RunAsync(input, logits[i]).AsTask()));
            for (int i = 0; i < inputs.Length; i++) LoadedGraph.AssertClose(expected[i], logits[i], $"input {i}");
            foreach (var result in results) Assert.True(ids.Add(result.TaskId));
        }
    }

    /// <summary>The seed draws before, during or after which tasks the tail is killed, so that a failure can be had again.</summary>
    [Fact]
    public void Run_TailKilledAndRestartedAtRandom_AllAnswersRight()
    {
        const int tasks = 1000, seed = 20211;
        using var loaded = new LoadedGraph("chain");
        float[][] inputs = [.. Enumerable.Range(0, 10).Select(loaded.Input)];
        float[][] expected = [.. inputs.Select(input => loaded.Reference(input)[^1])];
        using var tail = new KilledTail(new ModelTailExecutor(loaded.Model));
        using var session = new EdgeSession(loaded.Model, new EdgeSessionOptions
        {
            Tail = To(tail.EndPoint) with
            {
                FirstBackoff = TimeSpan.FromMilliseconds(1),
                LongestBackoff = TimeSpan.FromMilliseconds(5),
                RestMs = 1,
                PingInterval = TimeSpan.Zero,
                ProbeInterval = TimeSpan.Zero,
            },
            ConnectWait = TimeSpan.FromSeconds(60),
            DeadlineMs = 60_000,
            Policy = loaded.Policy(0f, 1)
        });
        bool Up() => session.Link.Up;
        bool Down() => !session.Link.Up;
        void Await(Func<bool> state, string what) => Assert.True(SpinWait.SpinUntil(state, TimeSpan.FromSeconds(60)), what);
        var random = new Random(seed);
        var logits = new float[loaded.Manifest.Classes];
        var fates = new int[4];
        for (int i = 0; i < tasks; i++)
        {
            string what = $"task {i} (seed {seed})";
            Await(Up, what);
            int fate = Math.Max(0, random.Next(20) - 16);
            fates[fate]++;
            if (fate == 1)
            {
                tail.Kill();
                Await(Down, what);
            }
            if (fate == 2) tail.KillWhileItComputes(Down);
            Array.Clear(logits);
            var result = session.Run(inputs[i % inputs.Length], logits);
            Assert.Equal(i, result.TaskId);
            LoadedGraph.AssertClose(expected[i % inputs.Length], logits, what);
            bool alone = fate is 1 or 2;
            Assert.Equal((!alone, alone), (result.Offloaded, result.Fallback));
            if (fate == 3) tail.Kill();
            if (fate == 0) continue;
            // A connection that the client has not yet missed must not be taken for the next one.
            Await(Down, what);
            tail.Restart();
        }
        Assert.All(fates, count => Assert.True(count > 20, $"seed {seed}: {string.Join(' ', fates)}"));
    }
}
