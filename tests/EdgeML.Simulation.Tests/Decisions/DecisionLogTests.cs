using EdgeML.Native.Control.Observations;
using EdgeML.Native.Control.Planning;
using EdgeML.Native.Policies;
using EdgeML.Simulation.Decisions;
using EdgeML.Simulation.Replay;
using EdgeML.Simulation.Tests.Replay;

namespace EdgeML.Simulation.Tests.Decisions;

public class DecisionLogTests
{
    static readonly Requirements s_bounds = new(100, 1);

    static DecisionExplanation Decision(int cut) => new() { Policy = new ExitPolicy([0.5f], cut) };

    static TaskRecord Task(int id, double latencyMs, double energyJ)
        => new() { TaskId = id, LatencyMs = latencyMs, EnergyJ = energyJ, BytesSent = 10 };

    [Fact]
    public void Finished_Tasks_AreMeansOfTheirDecision()
    {
        var log = new DecisionLog(10);
        log.Decided(Decision(0), s_bounds, 0);
        log.Finished(Task(0, 50, 0.5));
        log.Finished(Task(1, 150, 0.7));
        log.Decided(Decision(1), s_bounds, 2);
        log.Finished(Task(2, 80, 0.9));
        log.Judged(0, true);
        log.Judged(1, false);
        Assert.Equal(2, log.Count);
        Assert.Equal((100, 0.6, 0.5, 0.5, 2),
            (log[0].Measured.LatencyMs, Math.Round(log[0].Measured.EnergyJ, 9), log[0].Measured.Accuracy, log[0].Measured.Satisfaction,
                log[0].Tasks));
        Assert.Equal((2, 1, 80d), (log[1].FirstTask, log[1].Explanation.Policy.Cut, log[1].Measured.LatencyMs));
        // Nobody said whether task 2 was right.
        Assert.True(double.IsNaN(log[1].Measured.Accuracy));
    }

    [Fact]
    public void Satisfaction_IsByTheEnergyOfThreeDecisionsUnderTheSameBounds()
    {
        var log = new DecisionLog(10);
        double[] energies = [3, 1, 0.5, 0.5, 0.5];
        for (int i = 0; i < energies.Length; i++)
        {
            log.Decided(Decision(i), s_bounds, i);
            log.Finished(Task(i, 50, energies[i]));
        }
        log.Decided(Decision(9), s_bounds with { EnergyJ = 0.6 }, 5);
        log.Finished(Task(5, 50, 0.59));
        Assert.Equal([0, 0, 0, 1, 1, 1], Enumerable.Range(0, log.Count).Select(i => log[i].Measured.Satisfaction));
    }

    [Fact]
    public void Decided_BehindTheLimit_IsCountedOnly()
    {
        var log = new DecisionLog(10, most: 2);
        for (int i = 0; i < 5; i++)
        {
            log.Decided(Decision(i), s_bounds, i);
            log.Finished(Task(i, 50, 0.5));
            log.Judged(i, true);
        }
        Assert.Equal((2, 3, 5), (log.Count, log.LeftOut, log.DecisionOf(4)));
        Assert.Equal(1, log[1].Tasks);
        Assert.Throws<ArgumentOutOfRangeException>(() => log[2]);
    }

    [Fact]
    public void Taking_Down_AllocatesNothing()
    {
        var log = new DecisionLog(1000);
        DecisionExplanation decision = Decision(1);
        TaskRecord task = Task(1, 50, 0.5);
        void Once()
        {
            log.Decided(decision, s_bounds, 1);
            log.Finished(task);
            log.Judged(1, true);
        }
        Once();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 500; i++) Once();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Of_ReplayedRun_AgreesWithItsNumbers()
    {
        ReplayResult result = TinyReplay.Run(TinyReplay.Scenario(200, 0.5f, 1, new Requirements(60, double.PositiveInfinity)), "edgeml");
        var log = DecisionLog.Of(result.Run, result.Scenario.Bounds);
        LoggedDecision[] decisions = [.. Enumerable.Range(0, log.Count).Select(i => log[i])];
        Assert.Equal(200, decisions.Sum(one => one.Tasks));
        Assert.Equal(result.Metrics.MeanLatencyMs, decisions.Sum(one => one.Tasks * one.Measured.LatencyMs) / 200, 6);
        Assert.Equal(result.Metrics.Accuracy, decisions.Sum(one => one.Tasks * one.Measured.Accuracy) / 200, 6);
        Assert.Equal(result.Metrics.SatisfactionTask, decisions.Sum(one => one.Tasks * one.Measured.Satisfaction) / 200, 6);
    }
}
