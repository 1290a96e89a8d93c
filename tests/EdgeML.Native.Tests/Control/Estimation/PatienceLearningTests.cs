using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Estimation;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Offload;
using EdgeML.Native.Policies;
using EdgeML.Native.Tests.Control.Costs;

namespace EdgeML.Native.Tests.Control.Estimation;

/// <summary>What controllers learn where exits must agree: the time of heads that run for others, and inputs from exits that can answer.</summary>
public sealed class PatienceLearningTests
{
    static readonly ExitRule s_rule = ExitRule.AfterAgreement(2);
    static readonly ModelManifest s_manifest = SyntheticModel.Manifest().WithExitRule(s_rule);
    static readonly DeviceProfile s_edge = SyntheticModel.Edge();
    static readonly ExitPolicy s_last = new([0, 0, 0.5f], s_manifest.LocalCut);

    /// <summary>As exits under the rule report them: exit 1 has none to agree with.</summary>
    static ExitCalibration Calibration()
    {
        ExitCalibration samples = SyntheticModel.Samples(800, 1);
        var entropies = (float[])samples.Entropies.Clone();
        for (int at = 0; at < entropies.Length; at += samples.Exits) entropies[at] = 1;
        return new ExitCalibration(samples.Exits, entropies, samples.Correct, samples.Source, true) { Rule = s_rule };
    }

    static double Difficulty(OnlineCalibration learned)
    {
        double sum = 0;
        for (int i = 0; i < learned.Mix.Length; i++) sum += i * learned.Mix[i];
        return sum / (learned.Mix.Length - 1);
    }

    static TaskRecord Task(float firstEntropy) => new()
    {
        Policy = new ExitPolicy([0, 0.3f, 0.3f], s_manifest.LocalCut),
        Exit = 4,
        FirstEntropy = firstEntropy,
        EdgeMs = 60,
        LatencyMs = 60,
        RateBitsPerSecond = double.NaN,
    };

    [Fact]
    public void SpeedFilter_HeadThatRanForAnother_IsExpected()
    {
        var model = new CostModel(s_manifest, s_edge, null, null);
        double[] before = model.EdgePrefix, after = new double[before.Length];
        var filter = new DeviceSpeedFilter(model);
        for (int i = 0; i < 50; i++)
            filter.Observe(new TaskRecord { Policy = s_last, Exit = 4, EdgeMs = before[^1] + s_edge.HeadMs[1] + s_edge.HeadMs[2] });
        filter.Fill(after, new double[3]);
        Assert.Equal(before[^1], after[^1], 9);
    }

    [Fact]
    public void TailExpectation_HeadThatRunsForAnother_IsExpectedWhereItRuns()
    {
        var patient = new TailExpectation(s_manifest, s_edge);
        var alone = new TailExpectation(SyntheticModel.Manifest(), s_edge);
        ExitPolicy before = new(s_last.Thresholds, 0), between = new(s_last.Thresholds, s_manifest.Exits[1].AfterUnit);
        Assert.Equal(s_edge.HeadMs[1], patient.Milliseconds(before, 4) - alone.Milliseconds(before, 4), 9);
        Assert.Equal(alone.Milliseconds(between, 4), patient.Milliseconds(between, 4));
    }

    [Theory]
    // Thresholds, exits that must agree; the first exit (0-based) that tells something.
    [InlineData(0.3f, 0f, 0f, 1, 0)]
    [InlineData(0f, 0f, 0.3f, 1, 2)]
    [InlineData(0.3f, 0f, 0f, 2, -1)]
    [InlineData(0.3f, 0.3f, 0f, 2, 1)]
    [InlineData(0f, 0f, 0.3f, 2, 2)]
    [InlineData(0.3f, 0f, 0.3f, 2, 1)]
    [InlineData(0f, 0.3f, 0f, 3, -1)]
    [InlineData(0f, 0f, 0.3f, 3, 2)]
    [InlineData(0f, 0f, 0f, 2, -1)]
    public void FirstTelling_OfThresholds_RanWithThoseItMustAgreeWith(float first, float second, float third, int exits, int expected)
    {
        ExitRule rule = exits == 1 ? ExitRule.Entropy : ExitRule.AfterAgreement(exits);
        Assert.Equal(expected, rule.FirstTelling([first, second, third]));
        var record = new TaskRecord { Policy = new ExitPolicy([first, second, third], s_manifest.LocalCut) };
        Assert.Equal(expected, record.FirstTried(rule, [3, 6, 9, 12]));
    }

    [Theory]
    [InlineData(6, 1)]
    [InlineData(3, -1)]
    public void FirstTried_StandbyExitThatRanAlone_TellsNothing(int cut, int expected)
    {
        var record = new TaskRecord
        {
            Policy = new ExitPolicy([0, 0.3f, 0], cut, standby: 3),
            Offloaded = true,
            StandbyReady = true,
        };
        Assert.Equal(expected, record.FirstTried(s_rule, [3, 6, 9, 12]));
    }

    [Fact]
    public void NeutralPrior_ExitThatCannotAnswer_NeverDoes()
    {
        var samples = new SampleSet(null, 4, rule: s_rule);
        Assert.True(samples.Strata > 1);
        Assert.All(Enumerable.Range(0, samples.Count), i => Assert.Equal(1, samples.ExitOf(i, [1, 1, 1])));
        // By default it is as it was.
        Assert.Contains(Enumerable.Range(0, samples.Count), i => new SampleSet(null, 4).ExitOf(i, [1, 1, 1]) == 0);
    }

    [Fact]
    public void SampleSet_Doubts_AreNotOnExitsThatCannotAnswer()
    {
        var samples = new SampleSet(Calibration(), 4, doubts: 3, rule: s_rule);
        Assert.All(Enumerable.Range(samples.Count - 3, 3), i => Assert.Equal(1, samples.ExitOf(i, [1, 1, 1])));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Mix_OfInputs_FollowsTheFirstExitThatCanAnswer(bool calibrated)
    {
        var model = new CostModel(s_manifest, s_edge, null, calibrated ? Calibration() : null);
        Assert.True(model.Samples.Strata > 1);
        var learned = new OnlineCalibration(model);
        double before = Difficulty(learned);
        for (int i = 0; i < 100; i++) learned.Observe(Task(0.99f), PlanningConditions.From(default));
        Assert.True(Difficulty(learned) > 0.8, $"from {before} to {Difficulty(learned)}");
        for (int i = 0; i < 100; i++) learned.Observe(Task(0.005f), PlanningConditions.From(default));
        Assert.True(Difficulty(learned) < 0.1, $"back to {Difficulty(learned)}");
    }

    [Fact]
    public void Mix_OnlyExitsThatCannotAnswerTried_Stays()
    {
        var model = new CostModel(s_manifest, s_edge, null, null);
        var learned = new OnlineCalibration(model);
        double before = Difficulty(learned);
        TaskRecord task = Task(float.NaN);
        task.Policy = new ExitPolicy([0.5f, 0, 0], s_manifest.LocalCut);
        for (int i = 0; i < 100; i++) learned.Observe(task, PlanningConditions.From(default));
        Assert.Equal(before, Difficulty(learned), 3);
    }
}
