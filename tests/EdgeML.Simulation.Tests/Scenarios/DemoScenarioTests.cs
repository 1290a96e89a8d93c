using EdgeML.Native.Policies;
using EdgeML.Simulation.Scenarios;

namespace EdgeML.Simulation.Tests.Scenarios;

public class DemoScenarioTests
{
    static ScenarioPhase Phase(int first, int tasks, double energy) =>
        new("p", first, tasks, new LinkCondition(1e6, 10), 1, new Requirements(100, energy));

    [Fact]
    public void PhaseOf_EveryTask_IsTheOneThatHoldsIt()
    {
        var scenario = new DemoScenario([Phase(0, 3, 1), Phase(3, 2, 2), Phase(5, 1, 2)], 1, 100, 100, 10);

        Assert.Equal(6, scenario.Tasks);
        Assert.Equal([0, 0, 0, 3, 3, 5], Enumerable.Range(0, 6).Select(i => scenario.PhaseOf(i).FirstTask));
        Assert.Equal([3], scenario.BoundsChanges);
    }

    [Fact]
    public void Constructor_Gap_Throws() =>
        Assert.Throws<ArgumentException>(() => new DemoScenario([Phase(0, 3, 1), Phase(4, 2, 2)], 1, 100, 100, 10));
}
