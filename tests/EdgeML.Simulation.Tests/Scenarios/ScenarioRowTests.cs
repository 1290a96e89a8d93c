using EdgeML.Native.Control.Observations;
using EdgeML.Native.Policies;
using EdgeML.Simulation.Scenarios;

namespace EdgeML.Simulation.Tests.Scenarios;

public class ScenarioRowTests
{
    static readonly Requirements s_bounds = new(LatencyMs: 100, EnergyJ: 1);

    static ScenarioTask Task(double latencyMs, double energyJ, int decision, bool correct = true) =>
        new(new TaskRecord { LatencyMs = latencyMs, EnergyJ = energyJ }, decision, s_bounds, correct);

    [Fact]
    public void Satisfied_Latency_IsTheTasksOwn()
    {
        var row = new ScenarioRow("r", [Task(100, 0, 1), Task(100.1, 0, 1), Task(5, 0, 1)]);

        Assert.True(row.Satisfied(0));
        Assert.False(row.Satisfied(1));
        Assert.Equal(2 / 3.0, row.Satisfaction, 12);
    }

    [Fact]
    public void Satisfied_Energy_IsAveragedOverThreeIntervals()
    {
        // Intervals of 1, 2, 1, 1 tasks: the dear first task weighs on the first three intervals and is forgotten in the fourth.
        var row = new ScenarioRow("r", [Task(1, 3.5, 1), Task(1, 0.5, 2), Task(1, 0.5, 2), Task(1, 0.5, 3), Task(1, 0.5, 4)]);

        Assert.Equal([3.5, 1.5, 1.5, 1.25, 0.5], Enumerable.Range(0, 5).Select(row.StateEnergyJ));
        Assert.Equal([false, false, false, false, true], Enumerable.Range(0, 5).Select(row.Satisfied));
    }

    [Fact]
    public void Satisfied_NewBounds_StartANewStateInterval()
    {
        var tight = new Requirements(100, 0.5);
        var row = new ScenarioRow("r",
            [Task(1, 0.9, 1), Task(1, 0.9, 2), Task(1, 0.4, 3) with { Bounds = tight }, Task(1, 0.2, 4) with { Bounds = tight }]);

        Assert.Equal([0.9, 0.9, 0.4, 0.3], Enumerable.Range(0, 4).Select(i => Math.Round(row.StateEnergyJ(i), 9)));
        Assert.Equal(1, row.Satisfaction);
    }

    [Fact]
    public void Goodput_CountsRightAndSatisfied()
    {
        var row = new ScenarioRow("r", [Task(1, 0, 1), Task(1, 0, 1, correct: false), Task(999, 0, 1), Task(1, 0, 1)]);

        Assert.Equal(0.75, row.Accuracy);
        Assert.Equal(0.5, row.Goodput);
    }

    [Fact]
    public void TasksUntilMet_WaitsForFiveInARow()
    {
        ScenarioTask good = Task(1, 0, 1), bad = Task(999, 0, 1);
        var row = new ScenarioRow("r", [good, bad, good, good, bad, good, good, good, good, good, bad]);

        Assert.Equal(4, row.TasksUntilMet(1));
        Assert.Equal(0, row.TasksUntilMet(5));
        Assert.Equal(-1, row.TasksUntilMet(6));
    }

    [Fact]
    public void Constructor_NoTasks_Throws() => Assert.Throws<ArgumentException>(() => new ScenarioRow("r", []));
}
