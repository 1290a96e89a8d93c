using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Estimation;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Control.Planning;
using EdgeML.Native.Numerics;
using EdgeML.Native.Policies;

namespace EdgeML.Native.Control.Controllers;

/// <summary>Plans on the cost model, corrected by measured tasks: the baseline every learner must beat, and the safety net under
/// it.</summary>
/// <remarks>A full plan is only made when one of its inputs has moved; otherwise the plan in force continues.</remarks>
sealed class PlannerController : IPolicyController
{
    readonly CostModel _model;
    readonly double _share;
    double[] _plannedMix;
    ExitStatistics _known;
    Planner.Plan _plan;
    PlanningConditions _conditions;
    PlanningConditions _planned;
    Requirements _plannedFor;
    DecisionReason _cause = DecisionReason.Initial;
    DecisionExplanation _explanation;
    readonly EnergyBudget _budget = new();
    double _now;
    double _creditMs;
    double _level = 1;
    double _plannedLevel = 1;
    bool _hasPlan;
    bool _paid = true;
    int _calm;
    int _tasksSincePlan;

    /// <param name="model">Costs.</param>
    /// <param name="share">Share of task time that plans may take, urgent ones for a while more; infinite in a simulation, where time
    /// is not measured.</param>
    public PlannerController(CostModel model, double share = double.PositiveInfinity)
    {
        (_model, _share, _known) = (model, share, model.Statistics);
        Planner = new Planner(model, _known, _known.Grid);
        OnlineCalibration = new OnlineCalibration(model, _known);
        _plannedMix = [.. _known.Samples.CalibratedMix];
        _conditions = PlanningConditions.From(default);
    }

    public string Name => PolicyControllers.Planner;

    public DecisionExplanation Explanation => _explanation;

    public Planner Planner { get; private set; }

    public OnlineCalibration OnlineCalibration { get; private set; }

    public LinkEstimator Link { get; } = new();

    /// <summary>Full plans made; every other decision kept the plan in force.</summary>
    public long FullPlans { get; private set; }

    public ExitPolicy Next(in Observation observation)
    {
        Link.Observe(observation.Link, _now = Math.Max(_now, observation.TimeSeconds));
        if (!ReferenceEquals(_known, _model.Statistics)) Adopt();
        // The first plan pays for compiling, and decisions that keep the plan cost next to nothing.
        if (double.IsFinite(_share) && !_paid) _creditMs -= Math.Min(PlanningWeights.MaxDebitMs, observation.DecidedMs);
        _paid = true;
        OnlineCalibration.Fill(ref _conditions);
        Link.Fill(ref _conditions, _now);
        if (_hasPlan && observation.Requirements != _plannedFor) _budget.Clear();
        else _budget.CloseInterval();
        // As if nothing had changed; a change shortens the interval, and with it the energy left for it.
        Afford(Interval(_calm + 1), observation.Requirements);
        DecisionReason reason = Changed(observation.Requirements);
        bool gradual = reason is DecisionReason.InputsChanged or DecisionReason.BudgetChanged
            or DecisionReason.EdgeChanged or DecisionReason.TailChanged;
        bool mustPlan = reason is DecisionReason.Initial or DecisionReason.Calibrated or DecisionReason.BoundsChanged or DecisionReason.LinkDown
            || _tasksSincePlan >= PlanningWeights.PatienceTasks;
        if (!mustPlan && _creditMs < (gradual ? 0 : -PlanningWeights.MaxOverdraftMs)) reason = DecisionReason.Stable;
        _calm = reason is DecisionReason.Stable or DecisionReason.InputsChanged or DecisionReason.BudgetChanged ? _calm + 1 : 0;
        int interval = Interval(_calm);
        if (_calm == 0) Afford(interval, observation.Requirements);
        bool plans = reason != DecisionReason.Stable;
        if (plans)
        {
            _paid = FullPlans == 0;
            Replan(observation.Requirements, reason);
        }
        ExitPolicy policy = Planner.Policy(_plan, interval);
        PolicyEstimate expected = plans
            ? _model.Estimate(policy, _conditions, observation.Requirements, Planner.Mix).Stated() : _explanation.Expected;
        _explanation = new DecisionExplanation
        {
            Policy = policy,
            Expected = expected,
            Reason = reason,
            CannotBeMet = expected.Satisfaction < PlanningWeights.MetShare,
            RateBitsPerSecond = _conditions.RateBitsPerSecond,
        };
        return policy;
    }

    public bool Completed(in TaskRecord record)
    {
        _now = record.TimeSeconds;
        _tasksSincePlan++;
        _budget.Spend(record.EnergyJ);
        if (double.IsFinite(_share)) _creditMs = Math.Min(PlanningWeights.MaxDebitMs, _creditMs + (_share * record.ServiceMs));
        bool edgeMoved = OnlineCalibration.Observe(record, _conditions);
        bool linkMoved = Link.Observe(record, OnlineCalibration.ProfiledTailMs);
        if (edgeMoved) _cause = DecisionReason.EdgeChanged;
        if (linkMoved) _cause = DecisionReason.LinkChanged;
        bool missed = record.Fallback || (record.ServiceMs > _plannedFor.LatencyMs && !_plan.LeastViolation);
        if (missed) _cause = DecisionReason.Missed;
        return (edgeMoved || linkMoved || missed) && _creditMs >= -PlanningWeights.MaxOverdraftMs;
    }

    public void Dispose()
    {
    }

    /// <summary>More is known of the exits: everything counted over the old samples is counted over the new ones.</summary>
    void Adopt()
    {
        _known = _model.Statistics;
        Planner = new Planner(_model, _known, _known.Grid) { AllowOffload = Planner.AllowOffload, AllowLocal = Planner.AllowLocal };
        OnlineCalibration = new OnlineCalibration(_model, _known, OnlineCalibration);
        _plannedMix = [.. _known.Samples.CalibratedMix];
        if (_hasPlan) _cause = DecisionReason.Calibrated;
        _hasPlan = false;
    }

    /// <summary>After a change look again soon, and let the interval in which it struck leave the state interval; then let policies run
    /// longer.</summary>
    static int Interval(int calm) => calm < 2 ? 1 : Math.Min((2 * calm) - 1, ControlIntervals.MaxInterval);

    void Afford(int interval, in Requirements requirements)
    {
        _level = _budget.Level(requirements.EnergyJ, interval);
        _conditions.WindowTasks = interval;
    }

    void Replan(in Requirements requirements, DecisionReason reason)
    {
        OnlineCalibration.Mix.CopyTo(_plannedMix);
        Planner.Mix.Blend(_plannedMix);
        // The next interval must save the excess of the last ones.
        Requirements affordable = requirements with { EnergyJ = requirements.EnergyJ * _level };
        Planner.Plan found = Planner.Find(_conditions, affordable);
        FullPlans++;
        _tasksSincePlan = 0;
        bool keep = _hasPlan && !found.LeastViolation && !_plan.LeastViolation && reason != DecisionReason.BoundsChanged
                    && Planner.Score(_plan, _conditions, affordable) >= found.Score - PlanningWeights.PlannerHysteresis;
        if (!keep) _plan = found;
        (_planned, _plannedFor, _plannedLevel, _hasPlan, _cause) = (_conditions, requirements, _level, true, DecisionReason.Stable);
    }

    DecisionReason Changed(in Requirements requirements)
    {
        if (!_hasPlan) return _cause;
        if (requirements != _plannedFor) return DecisionReason.BoundsChanged;
        if (_conditions.LinkUp != _planned.LinkUp) return _conditions.LinkUp ? DecisionReason.LinkChanged : DecisionReason.LinkDown;
        if (_cause != DecisionReason.Stable) return _cause;
        double scale = double.IsPositiveInfinity(requirements.LatencyMs) ? _model.LocalMs : requirements.LatencyMs;
        // A rate matters only through the time of a transfer: a fast link may become twice as fast without a new plan.
        double typicalBytes = Math.Max(_explanation.Expected.Bytes, PlanningWeights.LeastTypicalBytes);
        double before = Bandwidth.Milliseconds(typicalBytes, _planned.RateBitsPerSecond);
        double after = Bandwidth.Milliseconds(typicalBytes, _conditions.RateBitsPerSecond);
        bool rateMoved = Math.Max(before, after) > PlanningWeights.NegligibleShare * scale
            && (Math.Abs(after - before) > PlanningWeights.MovedShare * scale || Far(after, before, PlanningWeights.MovedRateRatio));
        if (_conditions.LinkUp && rateMoved) return DecisionReason.LinkChanged;
        if (_conditions.LinkUp && Math.Abs(_conditions.RttMs - _planned.RttMs) > PlanningWeights.MovedShare * scale)
            return DecisionReason.LinkChanged;
        bool queueMoved = Math.Abs(_conditions.TailQueueMs - _planned.TailQueueMs) > PlanningWeights.MovedShare * scale;
        if (queueMoved || Far(_conditions.TailFactor, _planned.TailFactor, PlanningWeights.MovedTailRatio))
            return DecisionReason.TailChanged;
        if (Far(_conditions.EdgeFactor, _planned.EdgeFactor, PlanningWeights.MovedEdgeRatio)
            || Far(_conditions.EnergyFactor, _planned.EnergyFactor, PlanningWeights.MovedEdgeRatio)
            || Math.Abs(_conditions.LocalOverheadMs - _planned.LocalOverheadMs) > PlanningWeights.MovedOverheadShare * scale
            || Math.Abs(_conditions.RemoteOverheadMs - _planned.RemoteOverheadMs) > PlanningWeights.MovedOverheadShare * scale
            || Math.Abs(_conditions.LocalMargin - _planned.LocalMargin) > PlanningWeights.MovedOverheadShare
            || Math.Abs(_conditions.RemoteMargin - _planned.RemoteMargin) > PlanningWeights.MovedOverheadShare)
            return DecisionReason.EdgeChanged;
        bool binding = _plannedLevel < 1
            || _explanation.Expected.EnergyJ > PlanningWeights.BudgetMattersShare * _level * requirements.EnergyJ;
        if (binding && Math.Abs(_level - _plannedLevel) > PlanningWeights.MovedLevel) return DecisionReason.BudgetChanged;
        double shift = 0;
        for (int i = 0; i < _plannedMix.Length; i++) shift += Math.Abs(OnlineCalibration.Mix[i] - _plannedMix[i]);
        return shift > PlanningWeights.MovedMix ? DecisionReason.InputsChanged : DecisionReason.Stable;
    }

    static bool Far(double a, double b, double ratio) => a > b * ratio || b > a * ratio;
}
