using System.Diagnostics.Metrics;
using EdgeML.Native.Control.Costs;
using EdgeML.Native.Inference.Engines;
using EdgeML.Native.Inference.Profiling;
using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Inference.Tasks;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Offload.Server;
using EdgeML.Native.Policies;
using EdgeML.Native.Telemetry;
using EdgeML.Native.Tests.Inference.Engines;
using EdgeML.Native.Tests.Offload.Client;
using EdgeML.Server;
using EdgeML.Server.Configuration;

namespace EdgeML.Native.Tests.Inference.Sessions;

/// <summary>Who answers a task that an exit stands by for, and what is said of it.</summary>
public sealed class StandbySessionTests
{
    const int Final = 3;

    static readonly BackendOptions s_plain = new() { Fuse = false };

    static LoadedGraph Sound() => new(StandbyGraphs.Sound(), s_plain);

    [Theory]
    [InlineData(false, 0, 1)]
    [InlineData(true, 0, 1)]
    [InlineData(false, 0, 2)]
    [InlineData(true, 1, 2)]
    [InlineData(false, 3, 2)]
    public void Run_TailNeverAnswers_StandbyExitDoesAtTheDeadline(bool isAsync, int cut, int standby)
    {
        const double deadlineMs = 300;
        using LoadedGraph loaded = Sound();
        double asked = 0;
        using RawTail tail = ModelTail.Silent(loaded.Model, request => Volatile.Write(ref asked, request.DeadlineMs));
        using var hedged = new Hedged(loaded, loaded.Policy(0f, cut).WithStandby(standby), tail.Port, deadlineMs);
        float[] input = loaded.Input(3);
        TaskResult result = hedged.Run(input, isAsync);
        hedged.AssertSaid(result, standby, input);
        // Whom the clock tells is told up to a millisecond late, and so asks for less.
        double waited = HedgeSchedule.DeadlineMs(deadlineMs) - (isAsync ? 1 : 0);
        Assert.InRange(Volatile.Read(ref asked), 0.1, waited);
        Assert.True(result.LatencyMs >= waited, $"{result.LatencyMs} of {waited} ms");
        Assert.True(result.BytesSent > 0);
        int unit = loaded.Manifest.Exits[standby - 1].AfterUnit;
        Assert.Equal(unit - cut, hedged.Record.StandbyUnits);
        Assert.True(hedged.Record.StandbyMs > 0 && hedged.Record.StandbyMs <= result.EdgeMs);
        Assert.False(float.IsNaN(hedged.Record.FirstEntropy));
        Assert.Equal(result.Entropy, hedged.Record.FirstEntropy);
    }

    [Fact]
    public void Run_WithoutStandby_IsAskedForUntilTheWholeDeadline()
    {
        using LoadedGraph loaded = Sound();
        double asked = 0;
        using RawTail tail = ModelTail.Silent(loaded.Model, request => Volatile.Write(ref asked, request.DeadlineMs));
        using var hedged = new Hedged(loaded, loaded.Policy(0f, 0), tail.Port, 200);
        TaskResult result = hedged.Run(loaded.Input(3));
        Assert.True(result.Fallback && !result.Standby);
        Assert.True(result.LatencyMs >= 199.9, $"{result.LatencyMs} ms");
        Assert.Equal(Final, result.Exit);
        Assert.Equal((0, 0.0, false), (hedged.Record.StandbyUnits, hedged.Record.StandbyMs, hedged.Record.StandbyReady));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Run_TailAnswersAtOnce_ItsAnswerCountsAndStandbyIsAbandoned(bool isAsync)
    {
        using LoadedGraph loaded = Sound();
        using var server = new TailServer(new ModelTailExecutor(loaded.Model), new TailServerOptions());
        // Slow enough for the answer to be there before the last unit, whatever else this machine does.
        var slow = new DeviceEmulation(Hedged.Device(loaded.Manifest, 40, 1), 40);
        using var hedged = new Hedged(
            loaded, loaded.Policy(0f, 0).WithStandby(2), server.EndPoint.Port, change: options => options with { Emulation = slow });
        float[] input = loaded.Input(5);
        TaskResult result = hedged.Run(input, isAsync);
        float[] logits = hedged.Logits.ToArray();
        Assert.True(result.Offloaded && !result.Fallback && !result.Standby);
        Assert.InRange(hedged.Record.StandbyUnits, 0, StandbyGraphs.Second - 1);
        Assert.False(hedged.Record.StandbyReady);
        Assert.True(float.IsNaN(hedged.Record.FirstEntropy));

        hedged.Policy = hedged.Policy.WithStandby(0);
        TaskResult plain = hedged.Run(input, isAsync);
        Assert.True(plain.Offloaded);
        Assert.Equal((plain.Exit, plain.Class, plain.Entropy, plain.Confidence),
            (result.Exit, result.Class, result.Entropy, result.Confidence));
        Assert.Equal(hedged.Logits.ToArray(), logits);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void Run_TailIsNotThere_StandbyExitAnswersAtOnce(bool isAsync, bool fuse)
    {
        using var loaded = new LoadedGraph(StandbyGraphs.Sound(), fuse ? null : s_plain);
        using var hedged = new Hedged(loaded, loaded.Policy(0f, 1).WithStandby(2), ModelTail.Nowhere(loaded.Model),
            change: options => options with { ConnectWait = TimeSpan.Zero });
        for (int seed = 0; seed < 3; seed++)
        {
            float[] input = loaded.Input(seed);
            TaskResult result = hedged.Run(input, isAsync);
            if (fuse)
            {
                Assert.True(loaded.Model.WaitForFusion(ModelTail.Patience));
                result = hedged.Run(input, isAsync);
                LoadedGraph.AssertClose(loaded.Reference(input)[1], hedged.Logits.ToArray(), "fused");
                Assert.True(result.Standby && result.Fallback);
            }
            else hedged.AssertSaid(result, 2, input);
            Assert.Equal((0L, 0.0), (result.BytesSent, result.WireMs));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Run_ConnectionBreaksUnderTheTask_StandbyExitAnswersAtOnce(bool isAsync)
    {
        using LoadedGraph loaded = Sound();
        using RawTail tail = ModelTail.Listen(loaded.Model, tail =>
        {
            tail.Next();
            tail.Abort();
        });
        using var hedged = new Hedged(loaded, loaded.Policy(0f, 0).WithStandby(2), tail.Port);
        float[] input = loaded.Input(8);
        TaskResult result = hedged.Run(input, isAsync);
        hedged.AssertSaid(result, 2, input);
        Assert.True(result.BytesSent > 0);
    }

    /// <summary>Both halves of a cut run here then, as without an exit standing by: nobody can be late.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Run_SessionWithoutATail_FinishesAndStandsByForNobody(bool isAsync)
    {
        using LoadedGraph loaded = Sound();
        using var hedged = new Hedged(loaded, loaded.Policy(0f, 1).WithStandby(2), port: null);
        float[] input = loaded.Input(4);
        TaskResult result = hedged.Run(input, isAsync);
        Assert.Equal((Final, false, false, false), (result.Exit, result.Offloaded, result.Fallback, result.Standby));
        LoadedGraph.AssertClose(loaded.Reference(input)[^1], hedged.Logits.ToArray(), "both halves here");
        Assert.Equal((0, false), (hedged.Record.StandbyUnits, hedged.Record.StandbyReady));
    }

    [Theory]
    [InlineData(false, StandbyGraphs.First)]
    [InlineData(true, StandbyGraphs.First + 2)]
    public void Run_StandbyExitInFrontOfTheCut_AnswersWithWhatItSaidOnTheWay(bool isAsync, int cut)
    {
        using LoadedGraph loaded = Sound();
        using RawTail tail = ModelTail.Silent(loaded.Model);
        using var hedged = new Hedged(loaded, new ExitPolicy([1e-30f, 0f], cut, standby: 1), tail.Port, 200);
        float[] input = loaded.Input(6);
        TaskResult result = hedged.Run(input, isAsync);
        hedged.AssertSaid(result, 1, input);
        Assert.Equal((0, 0.0), (hedged.Record.StandbyUnits, hedged.Record.StandbyMs));
        Assert.Equal(result.Entropy, hedged.Record.FirstEntropy);
    }

    [Fact]
    public void Run_StandbyExitThatIsCertain_AnswersLikeAnyOther()
    {
        using var loaded = new LoadedGraph(StandbyGraphs.Certain(), s_plain);
        using RawTail tail = ModelTail.Silent(loaded.Model);
        using var hedged = new Hedged(loaded, loaded.Policy(0f, 1).WithStandby(2), tail.Port, 200);
        float[] input = loaded.Input(2);
        TaskResult result = hedged.Run(input);
        hedged.AssertSaid(result, 2, input);
        Assert.Equal(0f, result.Entropy);
        Assert.Equal(1f, result.Confidence);
    }

    [Theory]
    [InlineData(false, true)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    public void Run_NanAtTheStandbyExit_FinishesAsWithoutOne(bool isAsync, bool tailIsThere)
    {
        using var loaded = new LoadedGraph(StandbyGraphs.Invalid(), s_plain);
        using RawTail tail = ModelTail.Silent(loaded.Model);
        int port = tailIsThere ? tail.Port : ModelTail.Nowhere(loaded.Model);
        using var hedged = new Hedged(loaded, loaded.Policy(0f, 1).WithStandby(2), port, 200,
            options => options with { ConnectWait = tailIsThere ? ModelTail.Patience : TimeSpan.Zero });
        float[] input = loaded.Input(1);
        TaskResult result = hedged.Run(input, isAsync);
        Assert.Equal((Final, true, false, false), (result.Exit, result.Fallback, result.Standby, result.Offloaded));
        Assert.True(result.InvalidLogits);
        Assert.Equal((StandbyGraphs.Second - 1, false), (hedged.Record.StandbyUnits, hedged.Record.StandbyReady));
        Assert.True(float.IsNaN(hedged.Record.FirstEntropy));
        Assert.Equal(tailIsThere, result.BytesSent > 0);
        using var alone = new EdgeSession(loaded.Model, new EdgeSessionOptions { Policy = loaded.Policy(0f, 1) });
        var logits = new float[loaded.Manifest.Classes];
        TaskResult expected = alone.Run(input, logits);
        Assert.Equal(logits, hedged.Logits.ToArray());
        Assert.Equal((expected.Class, expected.Entropy, expected.Confidence), (result.Class, result.Entropy, result.Confidence));
    }

    [Theory]
    [InlineData(StandbyGraphs.First)]
    [InlineData(StandbyGraphs.First + 1)]
    public void Policy_StandbyExitInFrontOfTheCutAndNotTried_IsRefusedInOneLine(int cut)
    {
        using LoadedGraph loaded = Sound();
        ExitPolicy policy = loaded.Policy(0f, cut).WithStandby(1);
        string expected = $"exit 1 follows unit 2, before cut {cut}, and is not tried: it cannot be the standby exit";
        using var session = new EdgeSession(loaded.Model);
        ExitPolicy before = session.Policy;
        Assert.Equal(expected, Assert.Throws<ArgumentException>(() => session.Policy = policy).Message);
        Assert.Equal(before, session.Policy);
        Assert.Equal(expected, Assert.Throws<ArgumentException>(
            () => new EdgeSession(loaded.Model, new EdgeSessionOptions { Policy = policy })).Message);
        session.Policy = new ExitPolicy([0.5f, 0f], cut, standby: 1);
        session.Policy = loaded.Policy(0f, cut).WithStandby(2);
        Assert.Contains("standby exit 3 is outside 0..2", Assert.Throws<ArgumentException>(() => before.WithStandby(Final)).Message);
    }

    [Fact]
    public void Run_UnderAGuarantee_NoExitStandsBy()
    {
        using LoadedGraph loaded = Sound();
        loaded.Model.Package.SaveGuarantee(new AccuracyGuarantee
        {
            Model = loaded.Manifest.Hash,
            MaxLoss = 0.01,
            Confidence = 0.9,
            Labelled = false,
            Limits = [1f, 1f],
            DiffersAtMost = 0.01,
            Samples = 500,
            Losses = 2,
            Source = "test",
        });
        using var hedged = new Hedged(loaded, loaded.Policy(0f, 1).WithStandby(2), ModelTail.Nowhere(loaded.Model),
            change: options => options with { ConnectWait = TimeSpan.Zero });
        TaskResult result = hedged.Run(loaded.Input(1));
        Assert.Equal((Final, true, false, 0), (result.Exit, result.Fallback, result.Standby, result.Policy.Standby));
    }

    [Fact]
    public void Run_AnsweredByAStandbyExit_IsCounted()
    {
        long counted = 0;
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Meter.Name == EdgeMetrics.MeterName && instrument.Name == "edgeml.offload.standbys")
                    self.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((_, count, _, _) => Interlocked.Add(ref counted, count));
        listener.Start();
        using LoadedGraph loaded = Sound();
        using var hedged = new Hedged(loaded, loaded.Policy(0f, 0).WithStandby(1), ModelTail.Nowhere(loaded.Model),
            change: options => options with { ConnectWait = TimeSpan.Zero });
        for (int i = 0; i < 5; i++) hedged.Run(loaded.Input(i));
        // The meter is the process's: sessions of other tests may add to it.
        Assert.True(Interlocked.Read(ref counted) >= 5, $"{counted} counted");
    }
}
