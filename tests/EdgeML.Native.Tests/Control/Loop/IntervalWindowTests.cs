using EdgeML.Native.Control.Loop;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Policies;

namespace EdgeML.Native.Tests.Control.Loop;

public class IntervalWindowTests
{
    static readonly Requirements s_bounds = new(100, 1);

    static TaskRecord Task(double latencyMs, double energyJ, int exit) => new() { LatencyMs = latencyMs, EnergyJ = energyJ, Exit = exit };

    static Observation Look(IntervalWindow window)
    {
        Observation observation = default;
        window.Observe(ref observation, s_bounds);
        return observation;
    }

    [Fact]
    public void Observe_IntervalsOfDifferentLength_WeighsTasks()
    {
        var window = new IntervalWindow();
        window.Add(Task(10, 0.5, 1), 100, 0);
        window.Close();
        window.Add(Task(40, 0.8, 4), 100, 0);
        window.Add(Task(100, 1.1, 4), 100, 0);
        window.Add(Task(250, 1.2, 3), 100, 0);
        Observation seen = Look(window);
        Assert.Equal(4, seen.Tasks);
        Assert.Equal(100, seen.LatencyMs, 12);
        Assert.Equal(0.9, seen.EnergyJ, 12);
        Assert.Equal(3, seen.MeanExit, 12);
        // The one over 100 ms does not count; 100 itself does.
        Assert.Equal(3, seen.MeanExitSatisfied, 12);
        Assert.Equal(0.75, seen.Satisfaction, 12);
    }

    [Fact]
    public void Close_MoreThanThreeIntervals_ForgetsTheOldest()
    {
        var window = new IntervalWindow();
        for (int i = 1; i <= 4; i++)
        {
            window.Add(Task(i, i, 1), 100, 0);
            if (i < 4) window.Close();
        }
        Assert.Equal(3, Look(window).LatencyMs, 12);
        Assert.Equal(3, window.MeanEnergyJ(), 12);
    }

    [Fact]
    public void Observe_MeanEnergyOverTheBound_SatisfiesNobody()
    {
        var window = new IntervalWindow();
        window.Add(Task(10, 0.1, 2), 100, 0);
        window.Add(Task(10, 2.5, 2), 100, 0);
        Observation seen = Look(window);
        Assert.Equal(0, seen.Satisfaction);
        Assert.True(double.IsNaN(seen.MeanExitSatisfied));
    }

    [Fact]
    public void Add_WithDelayOfThePolicyUpdate_CountsItIntoTheIntervalOnly()
    {
        var window = new IntervalWindow();
        window.Add(Task(100, 0.1, 2), 100, delayMs: 3);
        Observation seen = Look(window);
        Assert.Equal(103, seen.LatencyMs, 12);
        Assert.Equal(1, seen.Satisfaction);
    }

    [Fact]
    public void Observe_Empty_SaysSo()
    {
        Observation seen = Look(new IntervalWindow());
        Assert.Equal(0, seen.Tasks);
        Assert.True(double.IsNaN(seen.LatencyMs));
        Assert.True(double.IsNaN(seen.Satisfaction));
    }
}
