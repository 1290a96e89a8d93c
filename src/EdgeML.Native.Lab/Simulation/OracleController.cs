using EdgeML.Native.Control;
using EdgeML.Native.Inference;

namespace EdgeML.Native.Lab.Simulation;

/// <summary>The upper bound: knows true times, the true link at every moment and how hard the inputs around are; plans on the full
/// grid.</summary>
public sealed class OracleController : IPolicyController
{
    /// <summary>Inputs before and after the next one whose difficulty is known: the local mix, not the answers themselves.</summary>
    const int Neighbours = 50;

    /// <summary>How much of what is known of difficulty is the mix of the inputs of the coming interval itself.</summary>
    const double NextShare = 0.7;

    /// <summary>Expected goodput that another plan must bring to end an interval early: short intervals make the state interval short and
    /// its energy a gamble.</summary>
    const float WorthAChange = 0.01f;

    readonly VirtualWorld _world;
    readonly CostModel _truth;
    readonly Planner _planner;
    readonly EnergyBudget _budget = new();
    readonly double[] _mix;
    VirtualLink _plannedLink;
    Requirements _plannedBounds;
    DecisionExplanation _explanation;
    PlanningConditions _conditions;
    Requirements _affordable;
    Planner.Plan _plan;
    bool _clientUp;
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
        _plannedBounds = observation.Requirements;
        Array.Clear(_mix);
        AddMix(_task - Neighbours, _task + Neighbours, 1 - NextShare);
        AddMix(_task, _task + ControlLoop.MaxInterval, NextShare);
        _planner.Mix.Blend(_mix);
        _conditions = PlanningConditions.From(observation.Link);
        _clientUp = observation.Link.Up;
        Assume(_world.Link(now, _task));
        (_conditions.LocalMargin, _conditions.RemoteMargin) = (2 * _world.Jitter, 2 * _world.Jitter);
        _conditions.EnergyMargin = 0.04;
        _conditions.WindowTasks = ControlLoop.MaxInterval;
        double level = _budget.Level(observation.Requirements.EnergyJ);
        _affordable = observation.Requirements with { EnergyJ = observation.Requirements.EnergyJ * level };
        _plan = _planner.Find(_conditions, _affordable);
        ExitPolicy policy = _planner.Policy(_plan, ControlLoop.MaxInterval);
        PolicyEstimate expected = _truth.Estimate(policy, _conditions, observation.Requirements, _planner.Mix);
        _explanation = new DecisionExplanation
        {
            Policy = policy,
            Expected = expected,
            Reason = DecisionReason.LinkChanged,
            CannotBeMet = _plan.LeastBad,
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
        if (_world.Bounds(next, _task) != _plannedBounds) return true;
        VirtualLink link = _world.Link(next, _task);
        if (link == _plannedLink) return false;
        Assume(link);
        return _planner.Find(_conditions, _affordable).Score > _planner.Score(_plan, _conditions, _affordable) + WorthAChange;
    }

    void Assume(in VirtualLink link)
    {
        _plannedLink = link;
        _conditions.LinkUp = link.RateBitsPerSecond > 0 && _clientUp;
        _conditions.RateBitsPerSecond = Math.Max(link.RateBitsPerSecond, 1000);
        (_conditions.RttMs, _conditions.TailFactor, _conditions.TailQueueMs) = (link.RttMs, link.TailFactor, link.TailQueueMs);
    }

    void AddMix(int from, int to, double share)
    {
        (from, to) = (Math.Max(0, from), Math.Min(_world.Tasks, to));
        for (int i = from; i < to; i++)
            _mix[_truth.Samples.StratumOf(_world.Samples.Entropy(_world.SampleOf(i), 1))] += share / (to - from);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}
