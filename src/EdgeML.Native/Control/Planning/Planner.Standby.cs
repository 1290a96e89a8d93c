using System.Runtime.CompilerServices;
using EdgeML.Native.Control.Costs;
using EdgeML.Native.Policies;

namespace EdgeML.Native.Control.Planning;

/// <content>Plans with a standby exit: where the tail may be late, a transfer gains more when a late one costs accuracy instead of
/// the bound.</content>
sealed partial class Planner
{
    /// <summary>Whether a standby exit may be used where the tail may be late; only where the probability of that is known.</summary>
    public bool UsesStandby { get; set; }

    /// <summary>A plan with the standby exit, if any, under which it scores best.</summary>
    public Plan WithStandby(in Plan plan, in PlanningConditions conditions, in Requirements requirements)
    {
        Plan best = plan;
        if (!KnowsChances(conditions)) return best;
        for (int standby = 1; standby <= _model.SideExits; standby++)
        {
            CutCandidate doubled = plan.Candidate with { Standby = standby };
            if (!_model.CanStandBy(doubled, _model.Heads(_grid.Thresholds(plan.Point)))) continue;
            if (!MayHelp(doubled, conditions, requirements, out _)) continue;
            float score = Score(plan with { Candidate = doubled }, conditions, requirements);
            if (score > best.Score) best = plan with { Candidate = doubled, Score = score };
        }
        return best;
    }

    /// <summary>Looks for a better plan with a standby exit under every candidate, the best one first: its result rules out most of the
    /// others.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void FindStandby(in PlanningConditions conditions, in Requirements requirements, in Scales scales, in EnergyRamp ramp, ref Plan best)
    {
        if (!KnowsChances(conditions)) return;
        int first = -1;
        for (int i = 0; i < _alone.Length; i++)
        {
            if (_model.Candidates[i] != Local && (first < 0 || _alone[i] > _alone[first])) first = i;
        }
        if (first < 0) return;
        FindStandby(first, conditions, requirements, scales, ramp, ref best);
        for (int i = 0; i < _alone.Length; i++)
        {
            if (i != first && _model.Candidates[i] != Local) FindStandby(i, conditions, requirements, scales, ramp, ref best);
        }
    }

    void FindStandby(int candidate, in PlanningConditions conditions, in Requirements requirements, in Scales scales, in EnergyRamp ramp,
        ref Plan best)
    {
        if (float.IsNegativeInfinity(_alone[candidate])) return;
        for (int standby = 1; standby <= _model.SideExits; standby++)
        {
            CutCandidate doubled = _model.Candidates[candidate] with { Standby = standby };
            if (!MayHelp(doubled, conditions, requirements, out double ready)) continue;
            // Beside the answers of the tail, in time as often as without, only late tasks gain, and no more than this; where energy is
            // bounded nearly so, for a late task that is finished here alone also takes more of it.
            float answered = ((float)ready * (Mix.RightShare(standby) + PlanningWeights.SatisfactionWeight)) - PlanningWeights.LateCost;
            float most = _alone[candidate] + ((float)Late(doubled, conditions, requirements) * Math.Max(0, answered)) - PlanningWeights.LeastGain; // (15)
            if (most > best.Score) FindUnder(doubled, conditions, requirements, scales, ramp, ref best);
        }
    }

    bool KnowsChances(in PlanningConditions conditions) => UsesStandby && _model.AllowsStandby && conditions.Predictor is not null;

    /// <summary>Whether the tail may be late under a cut, and the standby exit not.</summary>
    bool MayHelp(CutCandidate candidate, in PlanningConditions conditions, in Requirements requirements, out double ready)
    {
        _model.PathTo(0, _model.Exits - 1, candidate, conditions, out PathCost path);
        ready = CostModel.StandbyInside(path, conditions, requirements.LatencyMs);
        double inside = CostModel.Inside(path, conditions, requirements.LatencyMs);
        return ready > PlanningWeights.LeastStandby && inside is > PlanningWeights.LeastHope and < 1 - PlanningWeights.LeastStandby; // (14)
    }

    /// <summary>How likely the tail is late with the longest way, all heads tried.</summary>
    double Late(CutCandidate candidate, in PlanningConditions conditions, in Requirements requirements)
    {
        _model.PathTo((1u << _model.SideExits) - 1, _model.Exits - 1, candidate, conditions, out PathCost path);
        return 1 - CostModel.Inside(path, conditions, requirements.LatencyMs);
    }
}
