using System.Runtime.CompilerServices;
using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Estimation;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Policies;
using EdgeML.Native.Telemetry;

namespace EdgeML.Native.Control.Planning;

/// <summary>Plans as <see cref="PlannerController"/> does, but with corrections learned from tasks: probabilities of being in time instead of
/// margins, the edge range by range, where the link may be next, and intervals closed while their energy is inside.</summary>
sealed class AdaptivePlanner
{
    readonly CostModel _model;
    readonly double _share;
    Planner _planner;
    OnlineCalibration _calibration;
    ExitStatistics _known;
    readonly LinkEstimator _link = new();
    readonly LatencyPredictor _predictor;
    readonly EnergyBudget _budget = new();
    readonly ChanceCorrection _tryCorrection = new();
    double[] _plannedMix;
    Planner.Plan _plan;
    PlanningConditions _conditions;
    PlanningConditions _planned;
    Requirements _requirements;
    DecisionExplanation _explanation;
    DecisionReason _cause = DecisionReason.Initial;
    double _now;
    double _transferred = double.NegativeInfinity;
    double _creditMs;
    double _level = 1;
    double _plannedLevel = 1;
    double _stays = PlanningWeights.AssumedStays;
    double _tried = double.NaN;
    int _tail;
    bool _isLate;
    bool _wasGood;
    bool _hasPlan;
    bool _paid = true;
    int _tasksSincePlan;

    /// <param name="model">Costs.</param>
    /// <param name="share">Share of task time that plans may take, urgent ones for a while more; infinite in a simulation.</param>
    public AdaptivePlanner(CostModel model, double share = double.PositiveInfinity)
    {
        (_model, _share, _known) = (model, share, model.Statistics);
        _planner = new Planner(model, _known, _known.Compact) { UsesStandby = true };
        _calibration = new OnlineCalibration(model, _known);
        _predictor = new LatencyPredictor(model);
        _plannedMix = [.. _known.Samples.CalibratedMix];
        _conditions = PlanningConditions.From(default);
        _conditions.Predictor = _predictor;
    }

    /// <summary>Today's inputs.</summary>
    public ExitMix Mix => _planner.Mix;

    /// <summary>Weights of the difficulty strata now; they sum to 1.</summary>
    public ReadOnlySpan<double> Difficulty => _calibration.Mix;

    public ref readonly PlanningConditions Conditions => ref _conditions;

    public ref readonly DecisionExplanation Explanation => ref _explanation;

    /// <summary>The bounds, with the energy that remains in the current state interval.</summary>
    public Requirements Affordable => _requirements with { EnergyJ = _requirements.EnergyJ * _level };

    /// <summary>The expectation of the plan in force inside these.</summary>
    public PolicyEstimate Expected => _planner.Estimate(_plan, _conditions, Affordable);

    public ExitPolicy Next(in Observation observation)
    {
        _now = Math.Max(_now, observation.TimeSeconds);
        Look(observation.Link);
        if (!ReferenceEquals(_known, _model.Statistics)) Adopt();
        // The first plan pays for compiling, and decisions that keep the plan cost next to nothing.
        if (double.IsFinite(_share) && !_paid) _creditMs -= Math.Min(PlanningWeights.MaxDebitMs, observation.DecidedMs);
        _paid = true;
        if (_hasPlan && observation.Requirements != _requirements)
        {
            _budget.Clear();
            _cause = DecisionReason.BoundsChanged;
        }
        else
        {
            _budget.CloseInterval();
        }
        _requirements = observation.Requirements;
        if (_hasPlan && _conditions.LinkUp != _link.Up) _cause = _link.Up ? DecisionReason.LinkChanged : DecisionReason.LinkDown;
        bool urgent = _cause is DecisionReason.Initial or DecisionReason.Calibrated or DecisionReason.BoundsChanged or DecisionReason.LinkDown
            || _tasksSincePlan >= PlanningWeights.PatienceTasks;
        if (!urgent && _creditMs < (_cause == DecisionReason.Stable ? 0 : -PlanningWeights.MaxOverdraftMs))
        {
            _explanation.Reason = DecisionReason.Stable;
            return _explanation.Policy;
        }
        _paid = !_hasPlan;
        _tasksSincePlan = 0;
        Replan();
        return _explanation.Policy;
    }

    /// <summary>More is known of the exits: everything counted over the old samples is counted over the new ones.</summary>
    void Adopt()
    {
        _known = _model.Statistics;
        _planner = new Planner(_model, _known, _known.Compact) { UsesStandby = _planner.UsesStandby };
        _calibration = new OnlineCalibration(_model, _known, _calibration);
        _plannedMix = [.. _known.Samples.CalibratedMix];
        if (_hasPlan) _cause = DecisionReason.Calibrated;
        _hasPlan = false;
    }

    void Look(in LinkSnapshot link)
    {
        _link.Observe(link, _now);
        if (link.Tail != _tail)
        {
            _predictor.Rates.Restart();
            (_tail, _transferred, _isLate) = (link.Tail, double.NegativeInfinity, false);
            if (_hasPlan) _cause = DecisionReason.LinkChanged;
        }
        double measured = double.IsFinite(link.AgeSeconds) ? _now - link.AgeSeconds : _now;
        // The client dates a transfer by the end of its task.
        double known = Math.Max(_transferred, _predictor.Rates.LastTime);
        if (link.RateBitsPerSecond > 0 && !(measured <= known + EstimationDefaults.SameMeasurementSeconds))
            _predictor.Rates.Observe(link.RateBitsPerSecond, measured);
        if (!_isLate || !link.Up) return;
        // The late answer has arrived, or the client has reconnected.
        _predictor.Rates.MarkDelayed();
        _isLate = false;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void Replan()
    {
        _calibration.Fill(ref _conditions);
        _link.Fill(ref _conditions, _now);
        _predictor.Refresh(_now);
        _conditions.EdgeFactor = 1;
        _conditions.RateBitsPerSecond = _predictor.Rates.MedianRate;
        _level = _budget.Level(_requirements.EnergyJ);
        _planner.Mix.Blend(_calibration.Mix);
        Requirements affordable = Affordable;
        Planner.Plan found = _planner.Find(_conditions, affordable);
        if (_level < 1) found = _planner.RestoreEnergyBudget(found, _conditions, affordable);
        bool tries = false;
        if (!found.LeastViolation && _conditions.LinkUp && !Sends(found))
        {
            found = TryLink(found, affordable);
            tries = Sends(found);
        }
        // A standby exit that has become useless goes at once: it takes energy with every task.
        float worse = _plan.Candidate.Standby > 0 && found.Candidate.Standby == 0 ? 0 : PlanningWeights.AdaptiveHysteresis;
        bool keep = _hasPlan && _cause != DecisionReason.BoundsChanged && !found.LeastViolation && !_plan.LeastViolation && Sends(found) == Sends(_plan)
            && _planner.Score(_plan, _conditions, affordable) >= found.Score - worse;
        DecisionReason reason = (keep, tries) switch
        {
            (true, _) => DecisionReason.Stable,
            (_, true) => DecisionReason.Probed,
            _ => _cause != DecisionReason.Stable ? _cause : Moved(),
        };
        if (!keep) _plan = found;
        ExitPolicy policy = _planner.Policy(_plan, ControlIntervals.MaxInterval);
        PolicyEstimate expected = _planner.Estimate(_plan, _conditions, _requirements);
        _explanation = new DecisionExplanation
        {
            Policy = policy,
            Expected = expected.Stated(),
            Reason = reason,
            CannotBeMet = expected.Satisfaction < PlanningWeights.MetShare,
            RateBitsPerSecond = _conditions.RateBitsPerSecond,
        };
        if (!keep)
        {
            (_planned, _plannedLevel) = (_conditions, _level);
            _calibration.Mix.CopyTo(_plannedMix);
        }
        (_hasPlan, _cause) = (true, DecisionReason.Stable);
    }

    bool Sends(in Planner.Plan plan) => _planner.ShareSent(plan) >= PlanningWeights.LeastSent;

    /// <summary>The largest change since the plan in force was made, as the reason for replacing it.</summary>
    DecisionReason Moved()
    {
        double shift = 0;
        for (int i = 0; i < _plannedMix.Length; i++) shift += Math.Abs(_calibration.Mix[i] - _plannedMix[i]);
        double rate = Math.Abs(Math.Log(_conditions.RateBitsPerSecond / _planned.RateBitsPerSecond));
        double tail = Math.Abs(Math.Log(_conditions.TailFactor / _planned.TailFactor));
        double budget = Math.Abs(_level - _plannedLevel);
        double most = Math.Max(Math.Max(shift, rate), Math.Max(tail, budget));
        if (most < PlanningWeights.LeastMove) return DecisionReason.EdgeChanged;
        if (most == shift) return DecisionReason.InputsChanged;
        if (most == rate) return DecisionReason.LinkChanged;
        return most == tail ? DecisionReason.TailChanged : DecisionReason.BudgetChanged;
    }

    /// <summary>An unused link may have become good, and only a transfer tells soon: the value of a success for the following tasks
    /// counts for trying. The outcomes of earlier tries correct the chance.</summary>
    Planner.Plan TryLink(in Planner.Plan local, in Requirements affordable)
    {
        Planner.Plan remote = _planner.WithoutExits(_conditions, affordable);
        if (!(remote.Score > 0)) return local;
        _predictor.AssumeSent = true;
        float sent = _planner.Score(remote, _conditions, affordable);
        _predictor.AssumeSent = false;
        if (!(sent > 0)) return local;
        double gain = Math.Max(0, (_stays * sent) - local.Score);
        double tasks = Math.Min(_stays / Math.Max(1 - _stays, PlanningWeights.LeastTurn), PlanningWeights.MaxTasksAhead);
        double chance = remote.Score / sent, corrected = _tryCorrection.Corrected(chance);
        // With a standby exit a failed try costs little.
        Planner.Plan covered = _planner.WithStandby(remote, _conditions, affordable);
        double failed = chance < 1 ? (covered.Score - remote.Score) / (1 - chance) : 0;
        if (!((corrected * (sent + (tasks * gain))) + ((1 - corrected) * failed) > local.Score)) return local; // (16)
        _tried = chance;
        return covered;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool Completed(in TaskRecord record)
    {
        // Was the tail in time once it was in use?
        if (record.Offloaded || record.Fallback)
        {
            bool good = record.Offloaded && record.ServiceMs <= _requirements.LatencyMs;
            if (_wasGood) _stays += PlanningWeights.StaysWeight * ((good ? 1 : 0) - _stays);
            _wasGood = good;
            if (record.Offloaded) _transferred = record.TimeSeconds;
            _isLate = record.Fallback && (_isLate || record.WireMs > EstimationDefaults.LeastWireMs);
            if (!double.IsNaN(_tried)) _tryCorrection.Observe(_tried, good);
            _tried = double.NaN;
        }
        _now = record.TimeSeconds;
        _tasksSincePlan++;
        _budget.Spend(record.EnergyJ);
        if (double.IsFinite(_share)) _creditMs = Math.Min(PlanningWeights.MaxDebitMs, _creditMs + (_share * record.ServiceMs));
        _calibration.Observe(record, _conditions);
        double tailMs = (_calibration.ProfiledTailMs * _conditions.TailFactor) + _conditions.TailQueueMs;
        double restMs = _conditions.RttMs + tailMs + _conditions.RemoteOverheadMs;
        bool linkMoved = _link.Observe(record, _calibration.ProfiledTailMs);
        _predictor.Observe(record, restMs, out bool edgeMoved, out bool rateMoved);
        if (edgeMoved) _cause = DecisionReason.EdgeChanged;
        if (linkMoved || rateMoved) _cause = DecisionReason.LinkChanged;
        bool missed = record.Fallback || (record.ServiceMs > _requirements.LatencyMs && !_plan.LeastViolation);
        if (missed) _cause = DecisionReason.Missed;
        if ((edgeMoved || linkMoved || rateMoved || missed) && _creditMs >= -PlanningWeights.MaxOverdraftMs) return true;
        (double expectedJ, double spreadJ) = (_explanation.Expected.EnergyJ, _explanation.Expected.EnergySpreadJ);
        return _budget.ShouldClose(_requirements.EnergyJ, expectedJ, spreadJ) || _budget.IsLost(_requirements.EnergyJ, expectedJ, spreadJ);
    }
}
