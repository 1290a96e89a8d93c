using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Inference.Profiling;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Inference.Tasks;
using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Tails;
using EdgeML.Native.Policies;
using EdgeML.Native.Tests.Inference.Engines;
using EdgeML.Native.Tests.Offload.Client;

namespace EdgeML.Native.Tests.Inference.Sessions;

/// <summary>Sessions with several tails that hold the real model: whatever becomes of a tail, every task is answered once and right.</summary>
public sealed class SeveralTailsTests
{
    static TailSetOptions To(params int[] ports) => new() { Tails = [.. ports.Select(port => new TailEntry { Options = ModelTail.To(port) })] };

    static EdgeSessionOptions Options(LoadedGraph loaded, TailSetOptions tails) => new()
    {
        Tails = tails,
        ConnectWait = TimeSpan.FromSeconds(20),
        DeadlineMs = 20_000,
        Policy = loaded.Policy(0f, 1),
    };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Run_TailKilledInMidRequest_TheOtherAnswersInItsPlace(bool isAsync)
    {
        using var loaded = new LoadedGraph("chain");
        using var first = new KilledTail(new ModelTailExecutor(loaded.Model));
        using var second = new KilledTail(new ModelTailExecutor(loaded.Model));
        using var session = new EdgeSession(loaded.Model, Options(loaded, To(first.Port, second.Port)));
        first.KillWhileItComputes(() => session.Tails[1].Sent > 0);
        float[] input = loaded.Input(4);
        var logits = new float[loaded.Manifest.Classes];
        TaskResult result = isAsync ? await session.RunAsync(input, logits) : session.Run(input, logits);
        Assert.Equal((true, false), (result.Offloaded, result.Fallback));
        LoadedGraph.AssertClose(loaded.Reference(input)[^1], logits, "the second tail");
        Assert.Equal((0L, 1L), (session.Tails[0].Answered, session.Tails[1].Answered));
    }

    [Fact]
    public void Run_EveryTailGone_TheEdgeFinishes_AndTheyAreUsedAgainLater()
    {
        using var loaded = new LoadedGraph("residual");
        using var first = new KilledTail(new ModelTailExecutor(loaded.Model));
        using var second = new KilledTail(new ModelTailExecutor(loaded.Model));
        using var session = new EdgeSession(loaded.Model, Options(loaded, To(first.Port, second.Port)));
        float[] input = loaded.Input(2);
        var logits = new float[loaded.Manifest.Classes];
        Assert.True(session.Run(input, logits).Offloaded);
        first.Kill();
        second.Kill();
        Assert.True(SpinWait.SpinUntil(() => session.Tails.All(tail => tail.Status.State == TailState.Down), TimeSpan.FromSeconds(30)));
        Assert.True(session.Run(input, logits).Fallback);
        LoadedGraph.AssertClose(loaded.Reference(input)[^1], logits, "the edge");
        second.Restart();
        Assert.True(SpinWait.SpinUntil(() => session.TailStatus.State == TailState.Up, TimeSpan.FromSeconds(30)));
        Assert.True(session.Run(input, logits).Offloaded);
        Assert.Equal(1, session.Tails.Single(tail => tail.IsNext).Answered);
    }

    [Fact]
    public async Task RunAsync_TailsKilledAndRestartedAllTheTime_EveryTaskIsAnsweredRightAndOnce()
    {
        using var loaded = new LoadedGraph("chain");
        using var first = new KilledTail(new ModelTailExecutor(loaded.Model));
        using var second = new KilledTail(new ModelTailExecutor(loaded.Model));
        using var third = new KilledTail(new ModelTailExecutor(loaded.Model));
        TailSetOptions balanced = To(first.Port, second.Port, third.Port) with { Choice = TailChoice.Balanced, HedgeQuantile = 0.9, Seed = 5 };
        using var session = new EdgeSession(loaded.Model, Options(loaded, balanced) with { InFlight = 4 });
        KilledTail[] tails = [first, second, third];
        float[][] inputs = [.. Enumerable.Range(0, 8).Select(loaded.Input)];
        float[][] expected = [.. inputs.Select(input => loaded.Reference(input)[^1])];
        var random = new Random(20261130);
        var answered = new HashSet<long>();
        for (int round = 0; round < 30; round++)
        {
            float[][] logits = [.. inputs.Select(_ => new float[loaded.Manifest.Classes])];
            Task<TaskResult>[] tasks = [.. inputs.Select((input, i) => Task.Run(async () => await session.RunAsync(input, logits[i])))];
            KilledTail killed = tails[random.Next(tails.Length)];
            killed.Kill();
            foreach (TaskResult result in await Task.WhenAll(tasks)) Assert.True(answered.Add(result.TaskId), $"task {result.TaskId} twice");
            for (int i = 0; i < inputs.Length; i++) LoadedGraph.AssertClose(expected[i], logits[i], $"round {round}, input {i}");
            killed.Restart();
        }
        Assert.Equal(30 * inputs.Length, answered.Count);
        Assert.Empty(session.BackgroundFaults);
    }

    [Fact]
    public void Run_WithAController_PlansForTheTailOfTheNextTask()
    {
        using var loaded = new LoadedGraph("chain");
        using var first = new KilledTail(new ModelTailExecutor(loaded.Model));
        using var second = new KilledTail(new ModelTailExecutor(loaded.Model));
        int decisions = 0;
        using var session = new EdgeSession(loaded.Model, Options(loaded, To(first.Port, second.Port)) with
        {
            Policy = null,
            ControllerName = PolicyControllers.Planner,
            Requirements = new Requirements(60_000, double.PositiveInfinity),
            Profile = DeviceProfiler.Measure(loaded.Model, "here", runs: 3),
        });
        for (int i = 0; i < 20; i++) session.Run(loaded.Input(i % 4));
        Assert.Equal(0, session.Link.Tail);
        first.Kill();
        Assert.True(SpinWait.SpinUntil(() => session.Link.Tail == 1, TimeSpan.FromSeconds(30)));
        decisions = (int)session.Control.Decisions;
        session.Run(loaded.Input(1));
        Assert.True(session.Control.Decisions > decisions, "the plan for the first tail stayed in force");
    }

    [Fact]
    public void Options_BothKindsOfTails_AreRefused()
    {
        using var loaded = new LoadedGraph("chain");
        var error = Assert.Throws<ArgumentException>(() => new EdgeSession(loaded.Model, Options(loaded, To(9)) with { Tail = ModelTail.To(9) }));
        Assert.Contains("Tail and Tails", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void RequireTail_NoneCanBeUsed_NamesThemAll()
    {
        using var loaded = new LoadedGraph("chain");
        int one = ModelTail.Nowhere(loaded.Model), other;
        // The system may give the same port again.
        do other = ModelTail.Nowhere(loaded.Model);
        while (other == one);
        var error = Assert.Throws<TailUnavailableException>(() => new EdgeSession(
            loaded.Model, Options(loaded, To(one, other)) with { RequireTail = true, ConnectWait = TimeSpan.Zero }));
        Assert.Contains($":{one}", error.Message, StringComparison.Ordinal);
        Assert.Contains($":{other}", error.Message, StringComparison.Ordinal);
    }
}
