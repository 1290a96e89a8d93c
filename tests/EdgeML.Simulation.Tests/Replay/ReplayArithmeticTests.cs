using EdgeML.Native.Codecs;
using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Planning;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Policies;
using EdgeML.Simulation.Replay;

namespace EdgeML.Simulation.Tests.Replay;

public class ReplayArithmeticTests
{
    const double SendTensorMs = TinyReplay.TensorBytes / 1000, SendInputMs = TinyReplay.InputBytes / 1000;

    [Fact]
    public void Run_CutBehindFirstUnit_EasyStaysHardIsSent()
    {
        ReplayResult result = TinyReplay.Run(TinyReplay.Scenario(10, 0.5f, 1));
        (double easy, double hard) = TinyReplay.Latencies(result);
        Assert.Equal(20 + 5, easy, 6);
        Assert.Equal(20 + 5 + 10 + SendTensorMs + 3, hard, 6);
        Assert.Equal((easy + hard) / 2, result.Metrics.MeanLatencyMs, 6);
        Assert.Equal(hard, result.Metrics.P99LatencyMs, 6);
        Assert.Equal(1.5, result.Metrics.MeanExit, 9);
        Assert.Equal(1, result.Metrics.MeanCut, 9);
        Assert.Equal(1, result.Metrics.Accuracy, 9);
        Assert.Equal(1, result.Metrics.SatisfactionTask, 9);
        Assert.Equal(5, result.Metrics.MeanInterval, 9);
    }

    [Fact]
    public void Run_Local_CostsUnitsAndTheHead()
    {
        (double easy, double hard) = TinyReplay.Latencies(TinyReplay.Run(TinyReplay.Scenario(10, 0.5f, 2)));
        Assert.Equal(25, easy, 6);
        Assert.Equal(55, hard, 6);
    }

    [Fact]
    public void Run_ThresholdAboveTheHardOne_ExitsWrong()
    {
        ReplayResult result = TinyReplay.Run(TinyReplay.Scenario(10, 0.95f, 2));
        Assert.All(result.Run.Records, record => Assert.Equal(1, record.Exit));
        Assert.Equal(0.5, result.Metrics.Accuracy, 9);
        Assert.Equal(0.5, result.Metrics.Goodput, 9);
    }

    [Theory]
    [InlineData(TensorEncoding.Float32, 4000)]
    [InlineData(TensorEncoding.Float16, 2000)]
    [InlineData(TensorEncoding.Int8, 1004)]
    public void Run_Codec_ChargesItsBytes(TensorEncoding codec, int payload)
    {
        (_, double hard) = TinyReplay.Latencies(TinyReplay.Run(TinyReplay.Scenario(10, 0.5f, 1) with { Codec = codec }));
        Assert.Equal(25 + 10 + ((payload + CostModel.FrameBytes) / 1000.0) + 3, hard, 6);
    }

    [Fact]
    public void Run_TailOnly_SendsTheInputOrTheFirstTensor()
    {
        ReplayScenario raw = TinyReplay.Scenario(10, 0, 0);
        Assert.All(TinyReplay.Run(raw, PolicyControllers.TailOnly).Run.Records, record =>
            Assert.Equal(10 + SendInputMs + 5, record.LatencyMs, 6));
        Assert.All(TinyReplay.Run(raw with { RawInput = false }, PolicyControllers.TailOnly).Run.Records, record =>
            Assert.Equal(20 + 10 + SendTensorMs + 3, record.LatencyMs, 6));
        Assert.All(TinyReplay.Run(raw, PolicyControllers.EdgeOnly).Run.Records, record => Assert.Equal(50, record.LatencyMs, 6));
    }

    [Fact]
    public void Run_TailMissesTheDeadline_EdgeFinishes()
    {
        (double easy, double hard) = TinyReplay.Latencies(TinyReplay.Run(TinyReplay.Scenario(10, 0.5f, 1) with { DeadlineMs = 40 }));
        Assert.Equal(25, easy, 6);
        // 15 ms of waiting, then the second unit on the edge.
        Assert.Equal(25 + 15 + 30, hard, 6);
    }

    [Fact]
    public void Run_DecisionTime_IsPaidByTheFirstTaskOfAnInterval()
    {
        ReplayResult result = TinyReplay.Run(TinyReplay.Scenario(20, 0, 2) with { DecisionMicros = 2000 });
        for (int i = 0; i < 20; i++) Assert.Equal(i % 5 == 0 ? 52 : 50, result.Run.Records[i].LatencyMs, 6);
        Assert.Equal(2000, result.Metrics.DecisionMicros, 6);
    }

    [Fact]
    public void Metrics_LatencyBoundBetweenTheTwo_TaskAndIntervalVariantDiffer()
    {
        ReplayResult result = TinyReplay.Run(TinyReplay.Scenario(200, 0.5f, 1, new Requirements(40, double.PositiveInfinity)));
        Assert.Equal(0.5, result.Metrics.SatisfactionTask, 9);
        Assert.Equal(0.5, result.Metrics.SatisfactionOwn, 9);
        Assert.Equal(0.5, result.Metrics.Goodput, 9);
        // A mean of 33.5 ms is inside, and a state interval holds fifteen tasks.
        Assert.True(result.Metrics.SatisfactionInterval > 0.9, $"{result.Metrics.SatisfactionInterval}");
    }

    [Fact]
    public void Metrics_DeclaredEnergy_IsJudgedOverTheStateInterval()
    {
        // 2 W idle and 8 W busy: 25 ms busy are 0.2 J, 55 ms 0.44 J, 0.32 J in the mean; 8 hard ones of 15 are too many.
        ReplayScenario scenario = TinyReplay.Scenario(400, 0.5f, 2, new Requirements(1000, 0.325)) with { Power = new PowerModel(2, 8, 1) };
        ReplayResult result = TinyReplay.Run(scenario);
        Assert.Equal(0.32, result.Metrics.Energy, 6);
        Assert.Equal(0.5, result.Metrics.SatisfactionOwn, 9);
        Assert.Equal(ByHand(result, 0.325), result.Metrics.SatisfactionTask, 9);
        Assert.InRange(result.Metrics.SatisfactionTask, 0.2, 0.9);
    }

    /// <summary>A fixed policy closes an interval every five tasks; each is judged by the mean of the last fifteen.</summary>
    static double ByHand(ReplayResult result, double boundJ)
    {
        int satisfied = 0;
        for (int end = 5; end <= result.Run.Records.Count; end += 5)
        {
            var state = result.Run.Records.Skip(Math.Max(0, end - 15)).Take(Math.Min(end, 15)).ToList();
            if (state.Average(record => record.EnergyJ) <= boundJ) satisfied += 5;
        }
        return (double)satisfied / result.Run.Records.Count;
    }

    [Fact]
    public void FrequencyProxy_BothForms_FollowTheFormula()
    {
        var workable = new FrequencyProxy(0.114, 1.30, 100);
        Assert.Equal(0.114 + (1.186 * 0.25), workable.Joules(60, 25, 30), 9);
        Assert.Equal(1.30, workable.Joules(180, 118, 0), 9);
        var literal = new FrequencyProxy(0.114, 1.30, double.NaN);
        Assert.Equal(0.114 + (1.186 * 25 / 60), literal.Joules(60, 25, 30), 9);
        Assert.Equal(1.30, literal.Joules(31.5, 31.5, 0), 9);
        Assert.Equal(0.92, FrequencyProxy.MaxGhzOf("nano"));
        Assert.Equal(1.30, FrequencyProxy.MaxGhzOf("tx2"));
    }

    [Fact]
    public void Run_FrequencyProxy_IsTheRecordsEnergy()
    {
        var power = new FrequencyProxy(0.1, 1.1, 100);
        ReplayScenario scenario = TinyReplay.Scenario(10, 0.5f, 2, new Requirements(100, 0.9)) with { Power = power };
        Assert.All(TinyReplay.Run(scenario).Run.Records, record => Assert.Equal(0.1 + (record.Exit == 1 ? 0.25 : 0.55), record.EnergyJ, 9));
    }

    [Fact]
    public void Metrics_SquareLink_AdaptationCountsTasksAfterEachChange()
    {
        // At 0.8 Mbps every task is late, sent (74 ms) or not (50 ms), until the level is back; then the first one is in time again (37 ms), for
        // no late answer is on the way any more.
        var bounds = new Requirements(45, double.PositiveInfinity);
        ReplayResult result = TinyReplay.Run(TinyReplay.Scenario(80, 0, 1, bounds, "square:8,0.8,tasks=20") with { DeadlineMs = null });
        Assert.Equal([20, 0, 20], result.Adaptations);
        Assert.Equal(20, result.Metrics.AdaptationTasks);
        Assert.Equal(0.5, result.Metrics.SatisfactionTask, 9);
        Assert.True(double.IsNaN(TinyReplay.Run(TinyReplay.Scenario(20, 0, 1)).Metrics.AdaptationTasks));
    }

    [Fact]
    public void Run_BoundsNobodyCanMeet_SaysSo()
    {
        ReplayScenario scenario = TinyReplay.Scenario(50, 0, 1, new Requirements(5, double.PositiveInfinity)) with { DeadlineMs = null };
        ReplayResult result = TinyReplay.Run(scenario, PolicyControllers.Planner);
        Assert.Equal(0, result.Metrics.SatisfactionTask);
        Assert.All(result.Run.Decisions, decision => Assert.True(decision.Explanation.CannotBeMet));
    }

    [Fact]
    public void Scenario_ExitsOfAnotherNetwork_Refused()
    {
        ExitCalibration other = ExitsFile.Parse(new StringReader("index,label,pred1,entropy1\n0,1,1,0.5\n"), "other.csv");
        string message = Assert.Throws<ArgumentException>(() => new ReplayScenario(TinyReplay.Network, other)
        {
            Link = LinkCourse.Parse("constant:1"),
            Bounds = Requirements.None,
            Tasks = 1,
        }).Message;
        Assert.Contains("1 exits", message);
        Assert.Contains("has 2", message);
    }
}
