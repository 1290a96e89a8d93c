using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Control.Planning;
using EdgeML.Native.Policies;

namespace EdgeML.Simulation.Worlds;

/// <summary>The upper bound: knows true times and their spread, the link ahead, and how hard the inputs around are; plans on the full
/// grid.</summary>
/// <remarks>
/// It is the default controller with estimates replaced by the truth: expectations are over the jitter, which cannot be known, and over the
/// answers of inputs of the current difficulty; it does not see single answers before they are given.
/// </remarks>
public sealed class OracleController : IPolicyController
{
    /// <summary>Inputs before and after the next one whose difficulty is known: the local mix, not the answers themselves.</summary>
    const int Neighbours = 50;

    /// <summary>Weight of the mix of the coming interval's inputs in the known difficulty.</summary>
    const double NextShare = 0.7;

    /// <summary>Expected goodput that another plan must bring to end an interval early: short intervals make the state interval short and
    /// its energy unreliable.</summary>
    const float WorthAChange = 0.01f;

    readonly VirtualWorld _world;
    readonly CostModel[] _truths;
    readonly Planner[] _planners;
    readonly TruePredictor _predictor;
    readonly EnergyBudget _budget = new();
    readonly double[][] _mixes;
    Requirements _bounds;
    DecisionExplanation _explanation;
    PlanningConditions _conditions;
    Requirements _affordable;
    Planner.Plan _plan;
    double _lookedAt = double.NaN;
    bool _clientUp;
    int _population;
    int _task;

    /// <summary>An oracle for one world.</summary>
    /// <param name="world">The truth.</param>
    /// <param name="truth">A cost model with the world's true times.</param>
    public OracleController(VirtualWorld world, CostModel truth)
    {
        (_world, _predictor) = (world, new TruePredictor(world));
        _truths = world.Populations is { Count: > 0 } populations
            ? [.. populations.Select(population => world.TrueModel(population.Statistics))]
            : [truth];
        _planners = [.. _truths.Select(model => new Planner(model) { UsesStandby = true })];
        _mixes = [.. _truths.Select(model => new double[model.Samples.Strata])];
    }

    /// <inheritdoc/>
    public string Name => "oracle";

    /// <inheritdoc/>
    public DecisionExplanation Explanation => _explanation;

    /// <inheritdoc/>
    public ExitPolicy Next(in Observation observation)
    {
        double now = Math.Max(observation.TimeSeconds, _task * _world.PeriodMs / 1000);
        if (observation.Requirements != _bounds) _budget.Clear();
        else _budget.CloseInterval();
        _bounds = observation.Requirements;
        while (_world.Populations is { } all && _population + 1 < all.Count && all[_population + 1].FromTask <= _task) _population++;
        BlendMix();
        _conditions = PlanningConditions.From(observation.Link);
        _conditions.Predictor = _predictor;
        _conditions.EnergyMargin = 0.02;
        _conditions.WindowTasks = ControlIntervals.MaxInterval;
        _clientUp = observation.Link.Up;
        Assume(now);
        double level = _budget.Level(_bounds.EnergyJ);
        _affordable = _bounds with { EnergyJ = _bounds.EnergyJ * level };
        _plan = _planners[_population].Find(_conditions, _affordable);
        if (level < 1) _plan = _planners[_population].RestoreEnergyBudget(_plan, _conditions, _affordable);
        ExitPolicy policy = _planners[_population].Policy(_plan, ControlIntervals.MaxInterval);
        PolicyEstimate expected = _truths[_population].Estimate(policy, _conditions, _bounds, _planners[_population].Mix);
        _explanation = new DecisionExplanation
        {
            Policy = policy,
            Expected = expected,
            Reason = DecisionReason.LinkChanged,
            CannotBeMet = _plan.LeastViolation,
            RateBitsPerSecond = _conditions.RateBitsPerSecond,
        };
        return policy;
    }

    /// <inheritdoc/>
    public bool Completed(in TaskRecord record)
    {
        _task = (int)record.TaskId + 1;
        _budget.Spend(record.EnergyJ);
        double next = Math.Max(record.TimeSeconds, _task * _world.PeriodMs / 1000);
        if (_world.Bounds(next, _task) != _bounds || ShouldClose()) return true;
        Assume(next);
        Planner planner = _planners[_population];
        return planner.Find(_conditions, _affordable).Score > planner.Score(_plan, _conditions, _affordable) + WorthAChange;
    }

    bool ShouldClose() => _budget.ShouldClose(_bounds.EnergyJ, _explanation.Expected.EnergyJ, _explanation.Expected.EnergySpreadJ);

    void Assume(double now)
    {
        VirtualLink link = _world.Link(now, _task);
        if (now != _lookedAt) _predictor.Look(_lookedAt = now, _task);
        _predictor.EdgeSpread = _world.Jitter;
        // Largest share of the whole network that the tail computes.
        _predictor.RemoteSpreadMs = (_world.Jitter * _truths[0].TailMs * link.TailFactor) + _world.RttJitterMs;
        _conditions.LinkUp = link.RateBitsPerSecond > 0 && _clientUp;
        _conditions.RateBitsPerSecond = Math.Max(link.RateBitsPerSecond, 1000);
        (_conditions.RttMs, _conditions.TailFactor, _conditions.TailQueueMs) = (link.RttMs, link.TailFactor, link.TailQueueMs);
    }

    void BlendMix()
    {
        double[] mix = _mixes[_population];
        Array.Clear(mix);
        AddMix(mix, _task - Neighbours, _task + Neighbours, 1 - NextShare);
        AddMix(mix, _task, _task + ControlIntervals.MaxInterval, NextShare);
        _planners[_population].Mix.Blend(mix);
    }

    void AddMix(double[] mix, int from, int to, double share)
    {
        (from, to) = (Math.Max(0, from), Math.Min(_world.Tasks, to));
        SampleSet samples = _truths[_population].Samples;
        for (int i = from; i < to; i++) mix[samples.StratumOf(_world.Samples.Entropy(_world.SampleOf(i), samples.StratumExit + 1))] += share / (to - from);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}
