using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Estimation;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Policies;
using EdgeML.Native.Tests.Control.Costs;

namespace EdgeML.Native.Tests.Control.Estimation;

/// <summary>What running tasks teach when an exit stood by: computing that goes on while the tail is waited for is neither the edge's
/// part nor the link's.</summary>
public class StandbyLearningTests
{
    static readonly DeviceProfile s_edge = SyntheticModel.Edge();
    static readonly CostModel s_model = new(SyntheticModel.Manifest(), s_edge, SyntheticModel.Edge(0.4), SyntheticModel.Samples(800, 1));
    static readonly PlanningConditions s_assumed = PlanningConditions.From(default);
    static readonly int[] s_after = [3, 6, 9, 12];

    const double SendMs = 10, RttMs = 6;

    /// <summary>A task that sends 10,000 bytes in 10 ms, is answered so long after sending began, and runs on an edge as slow as
    /// said.</summary>
    /// <param name="policy">Has a standby exit.</param>
    /// <param name="answerMs">After sending began; infinite where the edge waits until <paramref name="waitMs"/>, which may be 0.</param>
    /// <param name="slowdown">Of every unit.</param>
    /// <param name="entropy">Of the standby exit.</param>
    /// <param name="waitMs">When the edge gives up.</param>
    static TaskRecord Sent(
        in ExitPolicy policy, double answerMs, Func<int, double> slowdown, float entropy = 0.5f, double waitMs = 59, double start = 0)
    {
        int cut = policy.Cut, last = Math.Max(cut, s_after[policy.Standby - 1]);
        double edgeMs = 0, ran = 0;
        bool tried = false;
        for (int unit = 1; unit <= cut; unit++) edgeMs += slowdown(unit) * s_edge.UnitMs[unit - 1];
        for (int exit = 0; exit < 3; exit++)
        {
            if (policy.Thresholds[exit] <= 0 || s_after[exit] > cut) continue;
            (tried, edgeMs) = (true, edgeMs + (slowdown(s_after[exit]) * s_edge.HeadMs[exit]));
        }
        int next = cut;
        while (next < last && ran < answerMs) ran += slowdown(++next) * s_edge.UnitMs[next - 1];
        bool ready = ran < answerMs, offloaded = double.IsFinite(answerMs);
        if (ready && last > cut) ran += slowdown(last) * s_edge.HeadMs[policy.Standby - 1];
        double latencyMs = edgeMs + Math.Max(ran, offloaded ? answerMs : waitMs);
        return new TaskRecord
        {
            Policy = policy,
            Exit = offloaded ? 4 : policy.Standby,
            FirstEntropy = ready || tried ? entropy : float.NaN,
            EdgeMs = edgeMs + ran,
            StandbyMs = ran,
            StandbyUnits = next - cut,
            StandbyReady = ready,
            LatencyMs = latencyMs,
            WireMs = offloaded ? SendMs + RttMs : waitMs,
            TailMs = offloaded ? answerMs - SendMs - RttMs : 0,
            BytesSent = waitMs > 0 ? 10_000 : 0,
            RateBitsPerSecond = offloaded ? 8e6 : double.NaN,
            Offloaded = offloaded,
            Fallback = !offloaded,
            TimeSeconds = start + (latencyMs / 1000),
            EnergyJ = 1.2 * s_edge.Power.Joules(latencyMs, edgeMs + ran, offloaded ? SendMs : 0),
        };
    }

    static readonly Func<int, double> s_asProfiled = _ => 1;

    [Theory]
    // Thresholds, cut, standby; offloaded, ready; who was tried first (0-based).
    [InlineData(0f, 0f, 0f, 0, 2, true, true, 1)]
    [InlineData(0f, 0f, 0f, 0, 2, true, false, -1)]
    [InlineData(0f, 0f, 0f, 0, 2, false, true, 1)]
    [InlineData(0.3f, 0f, 0f, 0, 2, true, true, 1)]
    [InlineData(0.3f, 0f, 0f, 0, 2, false, true, 1)]
    [InlineData(0.3f, 0f, 0f, 3, 2, true, true, 0)]
    [InlineData(0.3f, 0f, 0f, 3, 2, true, false, 0)]
    [InlineData(0.3f, 0f, 0f, 3, 1, true, true, 0)]
    [InlineData(0f, 0.3f, 0.3f, 6, 3, true, true, 1)]
    [InlineData(0f, 0f, 0.3f, 6, 3, true, true, 2)]
    [InlineData(0f, 0f, 0.3f, 6, 3, true, false, -1)]
    // Without a standby exit: the tail tried what lies behind the cut, unless the edge finished alone.
    [InlineData(0f, 0.3f, 0f, 3, 0, true, false, -1)]
    [InlineData(0f, 0.3f, 0f, 3, 0, false, false, 1)]
    public void FirstTried_OfATask_IsWhatTheEdgeItselfTried(
        float first, float second, float third, int cut, int standby, bool offloaded, bool ready, int expected)
    {
        var record = new TaskRecord
        {
            Policy = new ExitPolicy([first, second, third], cut, standby: standby),
            Offloaded = offloaded,
            Fallback = !offloaded,
            StandbyReady = ready,
        };
        Assert.Equal(expected, record.FirstTried(s_model.Manifest.ExitRule, s_model.AfterUnits));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void OnlineCalibration_EntropyOfTheStandbyExit_MovesTheMix(int standby)
    {
        var policy = new ExitPolicy([0f, 0f, 0f], 0, standby: standby);
        double before = Difficulty(new OnlineCalibration(s_model)), answerMs = 58;
        double Learned(float entropy, double until)
        {
            var corrections = new OnlineCalibration(s_model);
            for (int i = 0; i < 100; i++) corrections.Observe(Sent(policy, until, s_asProfiled, entropy), s_assumed);
            Assert.Equal(1, corrections.Mix.ToArray().Sum(), 9);
            return Difficulty(corrections);
        }
        // What an input nearly as hard as any shows at this exit.
        float hard = 0.95f * (1.25f - (0.2f * standby));
        Assert.True(Learned(hard, answerMs) > before + 0.15, $"{before} to {Learned(hard, answerMs)}");
        Assert.True(Learned(0.02f, answerMs) < before - 0.15);
        Assert.True(Learned(0.02f, double.PositiveInfinity) < before - 0.15);
        // An exit that was not ready has said nothing.
        Assert.Equal(before, Learned(float.NaN, 3), 9);
    }

    static double Difficulty(OnlineCalibration corrections)
    {
        double sum = 0;
        for (int i = 0; i < corrections.Mix.Length; i++) sum += i * corrections.Mix[i];
        return sum / (corrections.Mix.Length - 1);
    }

    public static TheoryData<double> Answers => new() { 17, 30, 40, 58, double.PositiveInfinity };

    [Theory]
    [MemberData(nameof(Answers))]
    public void OnlineCalibration_StandbyThatRan_DoesNotPassForASlowEdge(double answerMs)
    {
        var corrections = new OnlineCalibration(s_model);
        PlanningConditions learned = s_assumed;
        // What the cut's part takes is known from tasks whose standby exit was abandoned early.
        for (int i = 0; i < 60; i++) corrections.Observe(Sent(new ExitPolicy([0f, 0f, 0f], 3, standby: 3), 17, _ => 1.15), s_assumed);
        for (int i = 0; i < 60; i++)
            corrections.Observe(Sent(new ExitPolicy([0f, 0f, 0f], 3, standby: 3), answerMs, _ => 1.15), s_assumed);
        corrections.Fill(ref learned);
        Assert.Equal(1.15, learned.EdgeFactor, 6);
        Assert.Equal(1.2, learned.EnergyFactor, 6);
        Assert.Equal(0, learned.RemoteOverheadMs, 6);
        Assert.Equal(0, learned.LocalOverheadMs, 6);
    }

    [Fact]
    public void OnlineCalibration_AnswerThatWaitedForTheStandby_IsNoOverhead()
    {
        var corrections = new OnlineCalibration(s_model);
        var policy = new ExitPolicy([0f, 0f, 0f], 0, standby: 3);
        // There after 34 ms, seen 4.5 ms later; then one that takes 3 ms nobody accounts for.
        for (int i = 0; i < 50; i++) corrections.Observe(Sent(policy, 34, s_asProfiled), s_assumed);
        PlanningConditions learned = s_assumed;
        corrections.Fill(ref learned);
        Assert.Equal(0, learned.RemoteOverheadMs);
        TaskRecord late = Sent(policy, 55, s_asProfiled);
        late.LatencyMs += 3;
        for (int i = 0; i < 50; i++) corrections.Observe(late, s_assumed);
        corrections.Fill(ref learned);
        Assert.Equal(3, learned.RemoteOverheadMs, 6);
    }

    [Theory]
    [InlineData(0, 3, 0f)]
    [InlineData(3, 3, 0f)]
    [InlineData(3, 2, 0.3f)]
    [InlineData(6, 1, 0.3f)]
    public void DeviceSpeedFilter_OfAbandonedReadyAndFallbackTasks_LearnsTheTrueScale(int cut, int standby, float threshold)
    {
        const int seed = 5;
        var random = new Random(seed);
        var scales = new DeviceSpeedFilter(s_model);
        var policy = new ExitPolicy([threshold, 0f, 0f], cut, standby: standby);
        for (int i = 0; i < 300; i++)
        {
            double jitter = 1 + (0.04 * (random.NextDouble() - 0.5));
            double answerMs = (i % 4) switch { 0 => double.PositiveInfinity, 1 => 17, 2 => 17 + (30 * random.NextDouble()), _ => 58 };
            // Every seventh finds the tail gone and does not wait.
            double waitMs = i % 7 == 0 ? 0 : 59;
            scales.Observe(Sent(policy, answerMs, _ => 1.15 * jitter, waitMs: waitMs));
        }
        (double[] prefix, double[] heads) = (new double[13], new double[3]);
        scales.Fill(prefix, heads);
        int last = Math.Max(cut, s_after[standby - 1]);
        Assert.InRange(prefix[last] / s_model.EdgePrefix[last], 1.14, 1.16);
        Assert.InRange(heads[standby - 1] / s_edge.HeadMs[standby - 1], 1.12, 1.18);
        Assert.True(scales.Jitter < 0.03, $"seed {seed}: jitter {scales.Jitter}");
    }

    /// <summary>Exit 1 answers for the tail, but exit 2 was tried on the way to the cut as well.</summary>
    [Fact]
    public void DeviceSpeedFilter_StandbyInFrontOfTheCut_CountsEveryHeadUpToTheCut()
    {
        var scales = new DeviceSpeedFilter(s_model);
        var policy = new ExitPolicy([0.1f, 0.1f, 0f], 6, standby: 1);
        for (int i = 0; i < 100; i++) scales.Observe(Sent(policy, double.PositiveInfinity, _ => 1.15));
        double[] prefix = new double[13];
        scales.Fill(prefix, new double[3]);
        Assert.InRange(prefix[6] / s_model.EdgePrefix[6], 1.14, 1.16);
    }

    [Fact]
    public void DeviceSpeedFilter_RangesThatDiffer_AreToldApartByWhereStandbysWereAbandoned()
    {
        double Scale(int unit) => unit <= 3 ? 1.2 : unit <= 6 ? 0.9 : 1.05;
        var scales = new DeviceSpeedFilter(s_model);
        var policy = new ExitPolicy([0f, 0f, 0f], 0, standby: 3);
        for (int i = 0; i < 300; i++) scales.Observe(Sent(policy, (i % 3) switch { 0 => 17, 1 => 35, _ => 58 }, Scale));
        double[] prefix = new double[13];
        scales.Fill(prefix, new double[3]);
        double[] profiled = s_model.EdgePrefix;
        Assert.InRange(prefix[3] / profiled[3], 1.19, 1.21);
        Assert.InRange((prefix[6] - prefix[3]) / (profiled[6] - profiled[3]), 0.88, 0.92);
        Assert.InRange((prefix[9] - prefix[6]) / (profiled[9] - profiled[6]), 1.03, 1.07);
    }

    /// <summary>An input that is no number leaves the standby exit without an answer, and the edge runs the rest of the network as
    /// well.</summary>
    [Fact]
    public void DeviceSpeedFilter_StandbyWithoutAnAnswer_TeachesNothing()
    {
        var scales = new DeviceSpeedFilter(s_model);
        var policy = new ExitPolicy([0f, 0f, 0f], 0, standby: 2);
        for (int i = 0; i < 50; i++) scales.Observe(Sent(policy, 58, s_asProfiled));
        TaskRecord record = Sent(policy, double.PositiveInfinity, s_asProfiled, float.NaN);
        (record.Exit, record.StandbyReady, record.EdgeMs) = (4, false, record.EdgeMs + s_edge.UnitMs.Sum());
        Assert.False(scales.Observe(record));
        double[] prefix = new double[13];
        scales.Fill(prefix, new double[3]);
        Assert.Equal(s_model.EdgePrefix[12], prefix[12], 6);
    }

    [Theory]
    // Answered at 30 ms while the standby exit still ran; after it was ready; never.
    [InlineData(30)]
    [InlineData(58)]
    [InlineData(double.PositiveInfinity)]
    public void LatencyPredictor_TaskWithAStandby_DatesTheLinkByItsLastByteAndTakesTheEdgeAsItIs(double answerMs)
    {
        var predictor = new LatencyPredictor(s_model);
        var policy = new ExitPolicy([0f, 0f, 0f], 3, standby: 3);
        double now = 0, expectedRestMs = answerMs - SendMs;
        for (int i = 0; i < 200; i++)
        {
            TaskRecord record = Sent(policy, answerMs, _ => 1.15, start: now);
            double sendStart = now + (1.15 * 16.5 / 1000);
            predictor.Observe(record, expectedRestMs, out _, out _);
            // A task that was given up says that much until the end of the wait.
            double sent = sendStart + ((double.IsFinite(answerMs) ? SendMs : 59) / 1000);
            Assert.Equal(sent, predictor.Rates.LastTime, 9);
            now = record.TimeSeconds;
        }
        predictor.Refresh(now);
        Assert.InRange(predictor.EdgePrefix![9] / s_model.EdgePrefix[9], 1.14, 1.16);
        // Nothing was off but what the standby exit made the answer wait.
        Assert.InRange(predictor.RemoteSpreadMs, 0, 2);
        double rate = double.IsFinite(answerMs) ? 8e6 : 8000 * 10_000 / 59.0;
        Assert.InRange(predictor.Rates.MedianRate / rate, 0.9, 1.1);
    }

    /// <summary>Latency also counts what happened before the task began to run: a decision, or other tasks.</summary>
    [Theory]
    [InlineData(30)]
    [InlineData(58)]
    [InlineData(double.PositiveInfinity)]
    public void LatencyPredictor_TaskThatWaitedToBegin_IsDatedAllTheSame(double answerMs)
    {
        var predictor = new LatencyPredictor(s_model);
        TaskRecord record = Sent(new ExitPolicy([0f, 0f, 0f], 3, standby: 3), answerMs, s_asProfiled, start: 5);
        record.LatencyMs += 25;
        predictor.Observe(record, answerMs - SendMs, out _, out _);
        Assert.Equal(5.0165 + ((double.IsFinite(answerMs) ? SendMs : 59) / 1000), predictor.Rates.LastTime, 9);
    }
}
