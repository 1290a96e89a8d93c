using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Estimation;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Policies;
using EdgeML.Native.Tests.Control.Costs;

namespace EdgeML.Native.Tests.Control.Estimation;

public class OnlineCalibrationTests
{
    static readonly CostModel s_model = new(SyntheticModel.Manifest(), SyntheticModel.Edge(), null, SyntheticModel.Samples(800, 1));
    static readonly PlanningConditions s_assumed = PlanningConditions.From(default);

    static double Difficulty(OnlineCalibration corrections)
    {
        double sum = 0;
        for (int i = 0; i < corrections.Mix.Length; i++) sum += i * corrections.Mix[i];
        return sum / (corrections.Mix.Length - 1);
    }

    static TaskRecord Local(ExitPolicy policy, int exit, float firstEntropy, double slowdown = 1)
    {
        PathCost[] paths = new PathCost[s_model.Exits];
        s_model.Paths(s_model.Heads(policy.Thresholds), policy.Cut, s_assumed, paths);
        double edgeMs = paths[exit - 1].EdgeMs * slowdown;
        return new TaskRecord
        {
            Policy = policy,
            Exit = exit,
            FirstEntropy = firstEntropy,
            EdgeMs = edgeMs,
            LatencyMs = edgeMs,
            EnergyJ = s_model.Power.Joules(edgeMs, edgeMs, 0),
            RateBitsPerSecond = double.NaN,
        };
    }

    [Fact]
    public void Observe_HardInputs_MovesTheMixToHardStrata()
    {
        var corrections = new OnlineCalibration(s_model);
        double before = Difficulty(corrections);
        var policy = new ExitPolicy([0.3f, 0.3f, 0.3f], 12);
        for (int i = 0; i < 100; i++) corrections.Observe(Local(policy, 4, 0.97f), s_assumed);
        Assert.True(Difficulty(corrections) > 0.8, $"from {before} to {Difficulty(corrections)}");
        Assert.Equal(1, corrections.Mix.ToArray().Sum(), 9);
        for (int i = 0; i < 100; i++) corrections.Observe(Local(policy, 1, 0.02f), s_assumed);
        Assert.True(Difficulty(corrections) < 0.1, $"back to {Difficulty(corrections)}");
    }

    [Fact]
    public void Observe_FirstExitNotTried_StillLearnsFromTheSecond()
    {
        var corrections = new OnlineCalibration(s_model);
        double before = Difficulty(corrections);
        var policy = new ExitPolicy([0f, 0.3f, 0.3f], 12);
        for (int i = 0; i < 100; i++) corrections.Observe(Local(policy, 4, 0.8f), s_assumed);
        Assert.True(Difficulty(corrections) > before + 0.2, $"from {before} to {Difficulty(corrections)}");
    }

    [Fact]
    public void Observe_OnlyTheTailTriesExits_LearnsFromWhereTheAnswerCame()
    {
        var corrections = new OnlineCalibration(s_model);
        double before = Difficulty(corrections);
        var policy = new ExitPolicy([0.3f, 0.3f, 0.3f], 0);
        var record = new TaskRecord { Policy = policy, Exit = 4, FirstEntropy = float.NaN, Offloaded = true, TailMs = 5 };
        for (int i = 0; i < 100; i++) corrections.Observe(record, s_assumed);
        Assert.True(Difficulty(corrections) > before + 0.1, $"from {before} to {Difficulty(corrections)}");
    }

    [Fact]
    public void Observe_SlowerEdge_CorrectsTheFactorAndTellsOfTheJump()
    {
        var corrections = new OnlineCalibration(s_model);
        var policy = new ExitPolicy([0f, 0f, 0f], 12);
        Assert.True(corrections.Observe(Local(policy, 4, float.NaN, slowdown: 1.1), s_assumed));
        Assert.False(corrections.Observe(Local(policy, 4, float.NaN, slowdown: 1.1), s_assumed));
        Assert.False(corrections.Observe(Local(policy, 4, float.NaN, slowdown: 2), s_assumed));
        Assert.True(corrections.Observe(Local(policy, 4, float.NaN, slowdown: 2), s_assumed));
        PlanningConditions conditions = s_assumed;
        corrections.Fill(ref conditions);
        Assert.Equal(2, conditions.EdgeFactor, 6);
        Assert.Equal(1, conditions.EnergyFactor, 6);
    }
}
