using EdgeML.Native.Codecs;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Inference.Tasks;
using EdgeML.Native.Offload;
using EdgeML.Native.Offload.Server;
using EdgeML.Native.Policies;
using EdgeML.Native.Telemetry;
using EdgeML.Native.Tests.Inference.Engines;
using EdgeML.Server;
using EdgeML.Server.Configuration;

namespace EdgeML.Native.Tests.Inference.Sessions;

/// <summary>The same exit and class for every cut and place of computing, whatever the exit rule.</summary>
public sealed class ExitRuleSessionTests
{
    const int Inputs = 24, MaxBatch = 8;

    static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1);

    [Theory]
    [MemberData(nameof(RuledGraph.Rules), MemberType = typeof(RuledGraph))]
    public void Run_EveryCut_AnswersAlikeHereAndThroughATail(string rule)
    {
        using var graph = new RuledGraph(rule);
        using var server = new TailServer(new ModelTailExecutor(graph.Model), new TailServerOptions());
        using var remote = new EdgeSession(graph.Model, new EdgeSessionOptions
        {
            Tail = ModelTail.To(server.EndPoint.Port),
            ConnectWait = s_patience,
            DeadlineMs = 20_000,
        });
        using var alone = new EdgeSession(graph.Model);
        int offloaded = 0;
        foreach (float[] thresholds in RuledGraph.Thresholds)
            for (int seed = 1; seed <= Inputs; seed++)
            {
                float[] input = graph.Input(seed);
                if (graph.Expected(input, thresholds) is not { } expected) continue;
                for (int cut = 0; cut <= graph.Manifest.LocalCut; cut++)
                {
                    remote.Policy = alone.Policy = graph.Policy(thresholds, cut);
                    TaskResult there = remote.Run(input), here = alone.Run(input);
                    Assert.False(there.Fallback);
                    offloaded += there.Offloaded ? 1 : 0;
                    string where = $"{rule}, input {seed}, cut {cut}, thresholds {string.Join(' ', thresholds)}";
                    Assert.True(expected == (there.Exit, there.Class), $"{where}: {there}, expected {expected}");
                    Assert.True(expected == (here.Exit, here.Class), $"{where} here: {here}, expected {expected}");
                }
            }
        Assert.True(offloaded > 100, $"{offloaded} tasks were answered by the tail");
        Assert.Equal(0, remote.ContradictoryAnswers);
        Assert.Empty(remote.BackgroundFaults);
    }

    [Theory]
    [MemberData(nameof(RuledGraph.Rules), MemberType = typeof(RuledGraph))]
    public void Run_RowsOfABatch_AnswerAsAlone(string rule)
    {
        using var graph = new RuledGraph(rule, new BackendOptions { AnyBatchPays = true });
        var executor = new ModelTailExecutor(graph.Model, maxBatch: MaxBatch);
        using ITailSlot slot = executor.CreateSlot();
        using var edge = new InferenceSlot(graph.Model);
        foreach (float[] thresholds in RuledGraph.Thresholds)
            for (int cut = 0; cut < graph.Manifest.LocalCut; cut++)
            {
                ExitPolicy policy = graph.Policy(thresholds, cut);
                executor.BatchFor(policy);
                Assert.True(executor.WaitForBatches(s_patience));
                Assert.Equal(MaxBatch, executor.BatchFor(policy));
                var rows = new List<(TailRow Row, (int, int) Expected)>();
                for (int seed = 1; seed <= Inputs; seed++)
                {
                    float[] input = graph.Input(seed);
                    edge.Load(input);
                    if (graph.Expected(input, thresholds) is not { } expected || edge.Run(0, cut, thresholds)) continue;
                    ITailPayload payload = executor.CreatePayload(sizeof(float) * graph.Manifest.BoundaryElements(cut));
                    edge.Workspace.Boundary(cut).Data[..(sizeof(float) * graph.Manifest.BoundaryElements(cut))].CopyTo(payload.Data.Span);
                    var row = new TailRow(RuledGraph.Classes) { Encoding = TensorEncoding.Float32, Payload = payload, Streak = edge.StreakAt(cut) };
                    row.Policy = policy;
                    rows.Add((row, expected));
                }
                foreach (int size in (int[])[1, 3, MaxBatch])
                    foreach ((TailRow Row, (int, int) Expected)[] part in rows.Chunk(size))
                    {
                        slot.Run([.. part.Select(each => each.Row)]);
                        foreach ((TailRow row, (int, int) expected) in part)
                            Assert.True(expected == (row.Answer.Exit, row.Answer.Class), $"{rule}, cut {cut}, {size} rows: {row.Answer}, expected {expected}");
                    }
                foreach ((TailRow row, _) in rows) row.Payload!.Dispose();
            }
        Assert.Empty(graph.Model.BackendNotes);
    }

    [Fact]
    public void Run_TailWithAnotherRule_IsRefusedInOneLine()
    {
        using var graph = new RuledGraph("margin");
        using var entropy = new RuledGraph("entropy");
        Assert.Equal(graph.Manifest.Hash, entropy.Manifest.Hash);
        using var server = new TailServer(new ModelTailExecutor(entropy.Model), new TailServerOptions());
        using var session = new EdgeSession(graph.Model, new EdgeSessionOptions
        {
            Tail = ModelTail.To(server.EndPoint.Port),
            ConnectWait = TimeSpan.Zero,
            Policy = graph.Policy([1, 1, 1, 1], 0),
        });
        Assert.True(SpinWait.SpinUntil(() => session.TailStatus.Fault?.Contains("exit-rule", StringComparison.Ordinal) == true, s_patience), session.TailStatus.ToString());
        Assert.Contains("by margin, the tail by entropy; prepare it with the same --exit-rule for both", session.TailStatus.Fault, StringComparison.Ordinal);
        TaskResult result = session.Run(graph.Input(1));
        Assert.True(result.Fallback);
        Assert.NotEqual(FallbackReason.None, result.FallbackReason);
    }

    [Fact]
    public void BackgroundFaults_CustomRuleThatThrows_HasOneLine()
    {
        using var graph = new RuledGraph("custom:broken", custom: new Broken());
        using var session = new EdgeSession(graph.Model, new EdgeSessionOptions { Policy = graph.Policy([1, 1, 1, 1], graph.Manifest.LocalCut) });
        for (int seed = 1; seed <= 20; seed++) Assert.Equal(RuledGraph.SideExits + 1, session.Run(graph.Input(seed)).Exit);
        Assert.StartsWith("exit rule: custom:broken failed at exit 1", Assert.Single(session.BackgroundFaults), StringComparison.Ordinal);
    }

    [Fact]
    public void Streak_OfExitsBeforeACut_IsWhatTheRuleCanUse()
    {
        using var graph = new RuledGraph("patience:3");
        Assert.Equal([1, 2, 4, 5], graph.Manifest.Exits.Take(4).Select(exit => exit.AfterUnit));
        Assert.Equal(default, ExitStreak.At(graph.Manifest, 0, [1, 1, 1, 1]));
        Assert.Equal(new ExitStreak(1, 1), ExitStreak.At(graph.Manifest, 1, [1, -1, -1, -1]));
        Assert.Equal(new ExitStreak(1, 2), ExitStreak.At(graph.Manifest, 3, [1, 1, -1, -1]));
        Assert.Equal(new ExitStreak(2, 1), ExitStreak.At(graph.Manifest, 2, [1, 2, -1, -1]));
        Assert.Equal(new ExitStreak(3, 2), ExitStreak.At(graph.Manifest, 5, [3, 3, 3, 3]));
        Assert.Equal(default, ExitStreak.At(graph.Manifest, 4, [1, 1, -1, -1]));
        int[] said = new int[4];
        new ExitStreak(3, 2).Fill(graph.Manifest, 4, said);
        Assert.Equal([-1, 3, 3, -1], said);
    }

    sealed class Broken : ICustomExitRule
    {
        public string Name => "broken";

        public float Uncertainty(int exit, ReadOnlySpan<float> output) => throw new InvalidOperationException("no boxes");
    }
}
