using EdgeML.Native.Control;
using EdgeML.Native.Inference;

namespace EdgeML.Native.Lab.Simulation;

/// <summary>The upper bound: knows true times, the true link at every moment and how hard the inputs around are; plans on the full
/// grid.</summary>
public sealed class OracleController : IPolicyController
{
    /// <summary>Inputs before and after the next one whose difficulty is known: the local mix, not the answers themselves.</summary>
    const int Neighbours = 50;

    readonly VirtualWorld _world;
    readonly CostModel _truth;
    readonly Planner _planner;
    readonly EnergyBudget _budget = new();
    readonly double[] _mix;
    VirtualLink _plannedLink;
    Requirements _plannedBounds;
    DecisionExplanation _explanation;
    PlanningConditions _conditions;
    int _task;

    /// <summary>An oracle for one world.</summary>
    /// <param name="world">The truth.</param>
    /// <param name="truth">A cost model with the world's true times.</param>
    public OracleController(VirtualWorld world, CostModel truth)
    {
        (_world, _truth, _planner) = (world, truth, new Planner(truth));
        _mix = new double[truth.Samples.Strata];
    }

    /// <inheritdoc/>
    public string Name => "oracle";

    /// <inheritdoc/>
    public DecisionExplanation Explanation => _explanation;

    /// <inheritdoc/>
    public ExitPolicy Next(in Observation observation)
    {
        double now = Math.Max(observation.TimeSeconds, _task * _world.PeriodMs / 1000);
        if (observation.Requirements != _plannedBounds) _budget.Clear();
        else _budget.CloseInterval();
        (_plannedLink, _plannedBounds) = (_world.Link(now, _task), observation.Requirements);
        Array.Clear(_mix);
        (int from, int to) = (Math.Max(0, _task - Neighbours), Math.Min(_world.Tasks, _task + Neighbours));
        for (int i = from; i < to; i++)
            _mix[_truth.Samples.StratumOf(_world.Samples.Entropy(_world.SampleOf(i), 1))] += 1.0 / Math.Max(1, to - from);
        _planner.Mix.Blend(_mix);
        _conditions = PlanningConditions.From(observation.Link);
        _conditions.LinkUp = _plannedLink.RateBitsPerSecond > 0 && observation.Link.Up;
        _conditions.RateBitsPerSecond = Math.Max(_plannedLink.RateBitsPerSecond, 1000);
        _conditions.RttMs = _plannedLink.RttMs;
        (_conditions.TailFactor, _conditions.TailQueueMs) = (_plannedLink.TailFactor, _plannedLink.TailQueueMs);
        (_conditions.LocalMargin, _conditions.RemoteMargin) = (2 * _world.Jitter, 2 * _world.Jitter);
        _conditions.EnergyMargin = 0.005;
        _conditions.WindowTasks = ControlLoop.MaxInterval;
        double level = _budget.Level(observation.Requirements.EnergyJ);
        Requirements affordable = observation.Requirements with { EnergyJ = observation.Requirements.EnergyJ * level };
        Planner.Plan plan = _planner.Find(_conditions, affordable);
        ExitPolicy policy = _planner.Policy(plan, ControlLoop.MaxInterval);
        PolicyEstimate expected = _truth.Estimate(policy, _conditions, observation.Requirements, _planner.Mix);
        _explanation = new DecisionExplanation
        {
            Policy = policy,
            Expected = expected,
            Reason = DecisionReason.LinkChanged,
            CannotBeMet = plan.LeastBad,
            RateBitsPerSecond = _plannedLink.RateBitsPerSecond,
        };
        return policy;
    }

    /// <inheritdoc/>
    public bool Completed(in TaskRecord record)
    {
        _task = (int)record.TaskId + 1;
        _budget.Spend(record.EnergyJ);
        double next = Math.Max(record.TimeSeconds, _task * _world.PeriodMs / 1000);
        return _world.Link(next, _task) != _plannedLink || _world.Bounds(next, _task) != _plannedBounds;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}
