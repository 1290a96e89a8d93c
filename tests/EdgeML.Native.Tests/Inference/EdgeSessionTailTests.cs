using System.Net;
using EdgeML.Native.Inference;
using EdgeML.Native.Offload;
using EdgeML.Native.Tests.Models;

namespace EdgeML.Native.Tests.Inference;

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

    [Fact]
    public void Run_TailKilledAndRestartedAtRandom_TwoThousandAnswersAllRight()
    {
        const int tasks = 2000;
        using var loaded = new LoadedGraph("chain");
        float[][] inputs = [.. Enumerable.Range(0, 10).Select(loaded.Input)];
        float[][] expected = [.. inputs.Select(input => loaded.Reference(input)[^1])];
        var executor = new ModelTailExecutor(loaded.Model);
        var server = new TailServer(executor, new TailServerOptions { DrainLimit = TimeSpan.Zero });
        var endPoint = server.EndPoint;
        using var session = new EdgeSession(loaded.Model,
            new EdgeSessionOptions
            {
                Tail = To(endPoint),
                ConnectWait = TimeSpan.FromSeconds(20),
                DeadlineMs = 5000,
                Policy = loaded.Policy(0f, 1)
            });
        const int seed = 20211;
        var random = new Random(seed);
        using var stop = new CancellationTokenSource();
        var killer = new Thread(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                stop.Token.WaitHandle.WaitOne(random.Next(5, 60));
                server.Dispose();
                stop.Token.WaitHandle.WaitOne(random.Next(0, 20));
                server = new TailServer(executor, new TailServerOptions { EndPoint = endPoint, DrainLimit = TimeSpan.Zero });
            }
        });
        killer.Start();
        var logits = new float[loaded.Manifest.Classes];
        (int offloaded, int fallbacks) = (0, 0);
        for (int i = 0; i < tasks; i++)
        {
            Array.Clear(logits);
            var result = session.Run(inputs[i % inputs.Length], logits);
            Assert.Equal(i, result.TaskId);
            LoadedGraph.AssertClose(expected[i % inputs.Length], logits, $"task {i} (seed {seed})");
            Assert.True(result.Offloaded ^ result.Fallback);
            if (result.Offloaded) offloaded++;
            else fallbacks++;
        }
        stop.Cancel();
        killer.Join();
        server.Dispose();
        Assert.True(offloaded > 0 && fallbacks > 0, $"{offloaded} offloaded, {fallbacks} fallbacks (seed {seed})");
    }
}
