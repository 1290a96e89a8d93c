using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Inference.Tasks;
using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Tails;
using EdgeML.Native.Tests.Inference.Engines;
using EdgeML.Native.Tests.Offload.Client;
using EdgeML.Native.Tests.Offload.Tails;

namespace EdgeML.Native.Tests.Inference.Sessions;

/// <summary>Sessions whose tails are reached through HAProxy. Skipped where it is not installed.</summary>
public sealed class HaproxyTests
{
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    static void SkipWithoutHaproxy() =>
        Assert.SkipWhen(HaproxyProcess.Executable is null, "haproxy is not installed (Debian: apt-get install haproxy)");

    [Fact]
    public void OneAddress_TailKilledInMidRequest_TheEdgeFinishesAndTheNextTaskGoesToTheOther()
    {
        SkipWithoutHaproxy();
        using var loaded = new LoadedGraph("chain");
        using var first = new KilledTail(new ModelTailExecutor(loaded.Model));
        using var second = new KilledTail(new ModelTailExecutor(loaded.Model));
        using var haproxy = new HaproxyProcess(first.Port, second.Port);
        using var session = new EdgeSession(loaded.Model, new EdgeSessionOptions
        {
            Tail = ModelTail.To(haproxy.Port),
            ConnectWait = s_patience,
            DeadlineMs = 20_000,
            Policy = loaded.Policy(0f, 1),
        });
        float[] input = loaded.Input(4);
        var logits = new float[loaded.Manifest.Classes];
        Assert.True(session.Run(input, logits).Offloaded);
        first.KillWhileItComputes(() => session.TailStatus.State != TailState.Up);
        Assert.True(session.Run(input, logits).Fallback);
        LoadedGraph.AssertClose(loaded.Reference(input)[^1], logits, "the edge");
        Assert.True(SpinWait.SpinUntil(() => session.TailStatus.State == TailState.Up, s_patience), session.TailStatus.ToString());
        Assert.True(session.Run(input, logits).Offloaded);
        LoadedGraph.AssertClose(loaded.Reference(input)[^1], logits, "the other tail");
    }

    [Fact]
    public async Task TwoAddresses_TailsKilledAndRestarted_EveryTaskIsAnsweredRightAndOnce()
    {
        SkipWithoutHaproxy();
        using var loaded = new LoadedGraph("chain");
        using var first = new KilledTail(new ModelTailExecutor(loaded.Model));
        using var second = new KilledTail(new ModelTailExecutor(loaded.Model));
        using var left = new HaproxyProcess(first.Port, second.Port);
        using var right = new HaproxyProcess(second.Port, first.Port);
        using var session = new EdgeSession(loaded.Model, new EdgeSessionOptions
        {
            Tails = new TailSetOptions
            {
                Tails = [new TailEntry { Options = ModelTail.To(left.Port) }, new TailEntry { Options = ModelTail.To(right.Port) }],
                Choice = TailChoice.Balanced,
                Seed = 3,
            },
            ConnectWait = s_patience,
            DeadlineMs = 20_000,
            InFlight = 4,
            Policy = loaded.Policy(0f, 1),
        });
        float[][] inputs = [.. Enumerable.Range(0, 4).Select(loaded.Input)];
        float[][] expected = [.. inputs.Select(input => loaded.Reference(input)[^1])];
        var answered = new HashSet<long>();
        for (int round = 0; round < 10; round++)
        {
            float[][] logits = [.. inputs.Select(_ => new float[loaded.Manifest.Classes])];
            Task<TaskResult>[] tasks = [.. inputs.Select((input, i) => Task.Run(async () => await session.RunAsync(input, logits[i])))];
            KilledTail killed = round % 2 == 0 ? first : second;
            killed.Kill();
            foreach (TaskResult result in await Task.WhenAll(tasks)) Assert.True(answered.Add(result.TaskId), $"task {result.TaskId} twice");
            for (int i = 0; i < inputs.Length; i++) LoadedGraph.AssertClose(expected[i], logits[i], $"round {round}, input {i}");
            killed.Restart();
        }
        Assert.Equal(10 * inputs.Length, answered.Count);
        Assert.True(SpinWait.SpinUntil(() => session.TailStatus.State == TailState.Up, s_patience), session.TailStatus.ToString());
        Assert.True(session.Run(inputs[0]).Offloaded);
    }
}
