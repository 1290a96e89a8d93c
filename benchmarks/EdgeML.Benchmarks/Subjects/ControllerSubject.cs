using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Loop;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Policies;
using EdgeML.Native.Telemetry;
using EdgeML.Simulation.Baselines;

namespace EdgeML.Benchmarks.Subjects;

/// <summary>The default controller in its loop: tasks of the shipped network over a link that is another one every few tasks, so that most
/// decisions are full plans.</summary>
sealed class ControllerSubject(string package, string controller) : ILinkSource
{
    const int TasksOfALevel = 4;
    readonly PlannerSubject _network = new(package);
    readonly Random _random = new(1);
    double _rate = 8e6;

    public LinkSnapshot Snapshot() => new() { Up = true, RateBitsPerSecond = _rate, RttMs = 10, TailFactor = 1 };

    /// <summary>Median microseconds of a decision, learning left out, over the last 512 decisions; and decisions
    /// per task.</summary>
    public (double Micros, double DecisionsPerTask) Measure(int tasks)
    {
        CostModel model = _network.Model;
        var bounds = new Requirements(model.LocalMs / 2, model.Power.Joules(model.LocalMs / 3, model.LocalMs / 3, 0));
        IPolicyController made = BaselineControllers.Create(controller, new ControllerContext { Model = model });
        using var loop = new ControlLoop(made, this, bounds);
        var paths = new PathCost[model.Exits];
        double seconds = 0;
        for (int task = 0; task < tasks; task++)
        {
            if (task % TasksOfALevel == 0) _rate = 1e6 * Math.Pow(20, _random.NextDouble());
            TaskRecord record = Run(loop, model, paths, task);
            record.TimeSeconds = seconds += record.LatencyMs / 1000;
            loop.Completed(record);
        }
        return (loop.Counters.DecideMicrosMedian, (double)loop.Counters.Decisions / tasks);
    }

    TaskRecord Run(ControlLoop loop, CostModel model, PathCost[] paths, int task)
    {
        var policy = loop.Current;
        float entropy = _random.NextSingle();
        int exit = 0;
        while (exit < policy.Exits && !(entropy * (1 - (0.2f * exit)) < policy.Thresholds[exit])) exit++;
        var truth = PlanningConditions.From(Snapshot());
        model.Paths(model.Heads(policy.Thresholds), policy.Cut, truth, paths);
        ref readonly PathCost path = ref paths[exit];
        double jitter = 0.95 + (0.1 * _random.NextDouble());
        return new TaskRecord
        {
            TaskId = task,
            Policy = policy,
            Exit = exit + 1,
            FirstEntropy = policy.Exits > 0 && policy.Thresholds[0] > 0f ? entropy : float.NaN,
            LatencyMs = path.LatencyMs + (path.EdgeMs * (jitter - 1)),
            EdgeMs = path.EdgeMs * jitter,
            WireMs = path.WireMs,
            TailMs = path.TailMs,
            EnergyJ = path.EnergyJ,
            BytesSent = (long)path.Bytes,
            RateBitsPerSecond = path.Offloaded ? _rate : double.NaN,
            Offloaded = path.Offloaded,
        };
    }
}
