using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using EdgeML.Native.Control.Costs;
using EdgeML.Native.Policies;

namespace EdgeML.Native.Control.Planning;

/// <summary>Finds the policy with the best expected goodput: every threshold point of the grid at every candidate cut, in one
/// pass (equation 8 of docs/reference/control.md).</summary>
/// <remarks>
/// The cost of a path through the network depends on the cut and on the heads that run, not on the thresholds themselves. So paths are
/// costed once per cut and head mask, and the points of a mask are scored side by side in vector registers. Ties go to lower latency
/// and energy. Not thread-safe. Kernels are compiled optimised from the first call: the plain code of the first few hundred plans would
/// take ten times as long, in the seconds in which most plans are made.
/// </remarks>
sealed partial class Planner
{
    readonly CostModel _model;
    readonly ThresholdGrid _grid;
    readonly PathCost[] _paths;
    readonly Vector<int> _lanes;

    // Of every group of the grid, exit by exit: at the local cut, and at the one looked at.
    readonly Coefficients[] _local;
    readonly Coefficients[] _remote;

    // For every candidate, without a standby exit.
    readonly float[] _alone;

    public Planner(CostModel model, ThresholdGrid? grid = null)
        : this(model, model.Statistics, grid ?? model.Grid)
    {
    }

    /// <param name="model">Costs.</param>
    /// <param name="known">The calibration of the exits; the model may replace it later.</param>
    /// <param name="grid">One of its grids.</param>
    public Planner(CostModel model, ExitStatistics known, ThresholdGrid grid)
    {
        _model = model;
        _grid = grid;
        _paths = new PathCost[model.Exits];
        Mix = new ExitMix(known.Samples, _grid);
        _lanes = Vector<int>.Indices;
        _local = new Coefficients[_grid.Groups.Length * model.Exits];
        _remote = new Coefficients[_grid.Groups.Length * model.Exits];
        _alone = new float[model.Candidates.Length];
    }

    public ExitMix Mix { get; }

    /// <summary>A plan and how it scores; higher is better.</summary>
    public readonly record struct Plan(int Point, CutCandidate Candidate, float Score, bool LeastViolation)
    {
        /// <summary>Units run on the edge.</summary>
        public int Cut => Candidate.Cut;
    }

    /// <summary>Whether the planner may use cuts other than the local one, beside the link being up.</summary>
    public bool AllowOffload { get; set; } = true;

    /// <summary>Whether it may use the local cut at all.</summary>
    public bool AllowLocal { get; set; } = true;

    /// <summary>The policy of a plan.</summary>
    public ExitPolicy Policy(in Plan plan, int interval)
        => new(_grid.Thresholds(plan.Point), plan.Cut, interval, plan.Candidate.Bottleneck, plan.Candidate.Standby);

    /// <summary>The best plan under the conditions.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public Plan Find(in PlanningConditions conditions, in Requirements requirements)
    {
        var best = new Plan(0, Local, float.NegativeInfinity, false);
        Scales scales = ScalesOf(requirements);
        EnergyRamp ramp = RampOf(conditions, requirements);
        for (int group = 0; group < _grid.Groups.Length; group++) Prepare(group, Local, conditions, requirements, scales, _local);
        CutCandidate[] candidates = _model.Candidates;
        for (int i = 0; i < candidates.Length; i++)
        {
            var under = new Plan(0, candidates[i], float.NegativeInfinity, false);
            if (Usable(candidates[i], conditions) && !CannotMeetDeadline(candidates[i], conditions, requirements))
                FindUnder(candidates[i], conditions, requirements, scales, ramp, ref under);
            if ((_alone[i] = under.Score) > best.Score) best = under;
        }
        FindStandby(conditions, requirements, scales, ramp, ref best);
        return best.Score >= PlanningWeights.WorthwhileScore ? best : LeastViolation(conditions, requirements);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void FindUnder(CutCandidate candidate, in PlanningConditions conditions, in Requirements requirements, in Scales scales,
        in EnergyRamp ramp, ref Plan best)
    {
        Coefficients[] coefficients = candidate == Local ? _local : _remote;
        float[][]? standbys = candidate.Standby > 0 ? Mix.Standbys(candidate.Standby) : null;
        for (int group = 0; group < _grid.Groups.Length; group++)
        {
            if (candidate.Standby > 0 && !_model.CanStandBy(candidate, _grid.Groups[group].HeadMask)) continue;
            if (candidate != Local) Prepare(group, candidate, conditions, requirements, scales, coefficients);
            (int point, float score) = BestOf(group, coefficients, standbys, ramp, best.Score);
            if (candidate.Standby > 0) score -= PlanningWeights.LeastGain;
            if (score > best.Score) best = new Plan(point, candidate, score, false);
        }
    }

    /// <summary>Expected cost and accuracy of a plan of the grid on the current inputs, as <see cref="CostModel"/> computes them, without
    /// going through the samples.</summary>
    public PolicyEstimate Estimate(in Plan plan, in PlanningConditions conditions, in Requirements requirements)
    {
        Span<float> shares = stackalloc float[_model.Exits], rights = stackalloc float[_model.Exits];
        Span<float> standbys = stackalloc float[_model.Exits];
        Mix.At(plan.Point, shares, rights, plan.Candidate.Standby, standbys);
        _model.Paths(_model.Heads(_grid.Thresholds(plan.Point)), plan.Candidate, conditions, _paths);
        return _model.Summarise(shares, rights, standbys, _paths, conditions, requirements);
    }

    /// <summary>Replaces a plan whose mean energy exceeds the remaining budget: it would mostly overspend further. The plan with the least violation
    /// is taken instead.</summary>
    public Plan RestoreEnergyBudget(in Plan found, in PlanningConditions conditions, in Requirements affordable) =>
        found.LeastViolation || Estimate(found, conditions, affordable).EnergyJ <= affordable.EnergyJ ? found : LeastViolation(conditions, affordable);

    /// <summary>The best plan that sends every input and takes no exit.</summary>
    public Plan WithoutExits(in PlanningConditions conditions, in Requirements requirements)
    {
        var best = new Plan(0, Local, float.NegativeInfinity, false);
        foreach (CutCandidate candidate in _model.Candidates)
        {
            if (candidate.Cut == _model.LocalCut) continue;
            // The first point of the grid has all thresholds at 0.
            float score = Score(new Plan(0, candidate, 0, false), conditions, requirements);
            if (score > best.Score) best = new Plan(0, candidate, score, false);
        }
        return best;
    }

    /// <summary>The share of inputs a plan sends.</summary>
    public float ShareSent(in Plan plan)
    {
        float share = 0;
        for (int exit = 0; exit < _model.Exits; exit++)
        {
            if (_model.AfterUnits[exit] > plan.Cut) share += Mix.Shares[exit][plan.Point];
        }
        return share;
    }

    /// <summary>Scores one plan as <see cref="Find"/> would.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public float Score(in Plan plan, in PlanningConditions conditions, in Requirements requirements)
    {
        if (!Usable(plan.Candidate, conditions)) return float.NegativeInfinity;
        int start = plan.Point / Vector<float>.Count * Vector<float>.Count;
        uint mask = _model.Heads(_grid.Thresholds(plan.Point));
        Scales scales = ScalesOf(requirements);
        Span<Coefficients> coefficients = stackalloc Coefficients[_model.Exits];
        for (int exit = 0; exit < coefficients.Length; exit++)
        {
            if (exit < _model.SideExits && (mask >> exit & 1) == 0) coefficients[exit] = default;
            else Prepare(mask, exit, plan.Candidate, conditions, requirements, scales, out coefficients[exit]);
        }
        Span<Lanes> lanes = stackalloc Lanes[_model.Exits];
        lanes = lanes[..Spread(coefficients, mask, lanes)];
        float[][]? standbys = plan.Candidate.Standby > 0 ? Mix.Standbys(plan.Candidate.Standby) : null;
        float score = ScoreBlock(start, lanes, standbys, RampOf(conditions, requirements))[plan.Point - start];
        return plan.Candidate.Standby > 0 ? score - PlanningWeights.LeastGain : score;
    }

    CutCandidate Local => new(_model.LocalCut, 0);

    bool Usable(CutCandidate candidate, in PlanningConditions conditions)
    {
        if (candidate.Cut == _model.LocalCut) return AllowLocal || !conditions.LinkUp;
        return AllowOffload && conditions.LinkUp && (candidate.Bottleneck == 0 || _model.UsesBottlenecks);
    }

    /// <summary>Whether no answer of the tail can come in time under a cut: the local one then holds as often and costs no more.</summary>
    bool CannotMeetDeadline(CutCandidate candidate, in PlanningConditions conditions, in Requirements requirements)
    {
        if (candidate.Cut == _model.LocalCut || conditions.Predictor is not { } predictor || !Usable(Local, conditions)) return false;
        int exit = 0;
        while (_model.AfterUnits[exit] <= candidate.Cut) exit++;
        _model.PathTo(0, exit, candidate, conditions, out PathCost path);
        return !predictor.MayBeInside(path, requirements.LatencyMs);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    (int Point, float Score) BestOf(int index, Coefficients[] prepared, float[][]? standbys, in EnergyRamp ramp, float toBeat)
    {
        ThresholdGrid.Group group = _grid.Groups[index];
        Span<Lanes> lanes = stackalloc Lanes[_model.Exits];
        lanes = lanes[..Spread(prepared.AsSpan(index * _model.Exits, _model.Exits), group.HeadMask, lanes)];
        var best = new Vector<float>(float.NegativeInfinity);
        Vector<int> bestPoint = Vector<int>.Zero;
        for (int point = group.Start; point < group.End; point += Vector<float>.Count)
        {
            Vector<float> score = ScoreBlock(point, lanes, standbys, ramp);
            Vector<int> better = Vector.GreaterThan(score, best);
            best = Vector.ConditionalSelect(better, score, best);
            bestPoint = Vector.ConditionalSelect(better, _lanes + new Vector<int>(point), bestPoint);
        }
        if (!Vector.GreaterThanAny(best, new Vector<float>(toBeat))) return (0, float.NegativeInfinity);
        int lane = 0;
        for (int i = 1; i < Vector<float>.Count; i++)
        {
            if (best[i] > best[lane]) lane = i;
        }
        return (bestPoint[lane], best[lane]);
    }

    /// <summary>The contribution of one unit of exit share.</summary>
    struct Coefficients
    {
        public float Inside;
        public float Right;
        public float Standby;
        public float Energy;
        public float Tie;
    }

    /// <summary>The same in every lane, with the exit it is of.</summary>
    struct Lanes
    {
        public int Exit;
        public Vector<float> Right;
        public Vector<float> Standby;
        public Vector<float> Satisfied;
        public Vector<float> Energy;
        public Vector<float> EnergySquare;
        public Vector<float> Tie;
    }

    /// <summary><see cref="CostModel.InsideEnergy"/> in every lane; no bound where there is none.</summary>
    struct EnergyRamp
    {
        public bool Bounded;
        public Vector<float> Bound;
        public Vector<float> MarginSquare;
        public Vector<float> PerTask;
        public Vector<float> Slope;
    }

    static EnergyRamp RampOf(in PlanningConditions conditions, in Requirements requirements)
    {
        EnergyRamp ramp = default;
        ramp.Bounded = !double.IsPositiveInfinity(requirements.EnergyJ);
        if (!ramp.Bounded) return ramp;
        float margin = (float)(conditions.EnergyMargin * requirements.EnergyJ);
        ramp.Bound = new Vector<float>((float)requirements.EnergyJ);
        ramp.MarginSquare = new Vector<float>((margin * margin) + PlanningWeights.LeastMarginSquare);
        ramp.PerTask = new Vector<float>((float)(1 / conditions.WindowTasks));
        ramp.Slope = new Vector<float>((float)CostDefaults.EnergyRamp);
        return ramp;
    }

    /// <summary>Without a bound the whole network's own cost is the yardstick.</summary>
    readonly record struct Scales(double LatencyMs, double EnergyJ);

    Scales ScalesOf(in Requirements requirements) => new(
        Math.Max(double.IsPositiveInfinity(requirements.LatencyMs) ? _model.LocalMs : requirements.LatencyMs, PlanningWeights.LeastScaleMs),
        Math.Max(double.IsPositiveInfinity(requirements.EnergyJ)
            ? _model.Power.Joules(_model.LocalMs, _model.LocalMs, 0) : requirements.EnergyJ, PlanningWeights.LeastScaleJ));

    /// <summary>Coefficients of one group under a cut. The cost of an exit depends on the heads up to it alone: those of the group with one
    /// head less serve again, and exits on the edge cost the same under every cut.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void Prepare(int index, CutCandidate candidate, in PlanningConditions conditions, in Requirements requirements, in Scales scales,
        Coefficients[] prepared)
    {
        ref readonly ThresholdGrid.Group group = ref _grid.Groups[index];
        int exits = _model.Exits, start = index * exits, known = group.Parent * exits;
        bool local = candidate.Cut == _model.LocalCut;
        for (int exit = 0; exit < exits; exit++)
        {
            // No input leaves at a head that is not tried.
            if (exit < _model.SideExits && (group.HeadMask >> exit & 1) == 0) prepared[start + exit] = default;
            else if (!local && _model.AfterUnits[exit] <= candidate.Cut) prepared[start + exit] = _local[start + exit];
            else if (group.Parent >= 0 && exit < group.LastHead) prepared[start + exit] = prepared[known + exit];
            else Prepare(group.HeadMask, exit, candidate, conditions, requirements, scales, out prepared[start + exit]);
        }
    }

    void Prepare(uint mask, int exit, CutCandidate candidate, in PlanningConditions conditions, in Requirements requirements,
                 in Scales scales, out Coefficients prepared)
    {
        _model.PathTo(mask, exit, candidate, conditions, out PathCost path);
        double tie = (path.LatencyMs / scales.LatencyMs) + (path.EnergyJ / scales.EnergyJ);
        double inside = CostModel.Inside(path, conditions, requirements.LatencyMs);
        double stands = path.Standby > 0 ? (1 - inside) * CostModel.StandbyInside(path, conditions, requirements.LatencyMs) : 0; // (11)
        prepared.Inside = (float)(inside + stands);
        prepared.Right = (float)(inside * path.Kept);
        prepared.Standby = (float)stands;
        prepared.Energy = (float)_model.ExpectedEnergy(path, inside, conditions, requirements.LatencyMs);
        prepared.Tie = PlanningWeights.TieWeight * (float)Math.Min(tie, PlanningWeights.MostTie); // (9)
        if (path.Standby > 0) prepared.Tie += PlanningWeights.LateCost * (float)(1 - inside);
    }

    /// <summary>Puts the coefficients of exits that are tried into every lane; returns how many those are.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    int Spread(ReadOnlySpan<Coefficients> coefficients, uint mask, Span<Lanes> lanes)
    {
        int count = 0;
        for (int exit = 0; exit < coefficients.Length; exit++)
        {
            if (exit < _model.SideExits && (mask >> exit & 1) == 0) continue;
            ref readonly Coefficients each = ref coefficients[exit];
            ref Lanes own = ref lanes[count++];
            own.Exit = exit;
            own.Right = new Vector<float>(each.Right);
            own.Standby = new Vector<float>(each.Standby);
            own.Satisfied = new Vector<float>(PlanningWeights.SatisfactionWeight * each.Inside);
            own.Energy = new Vector<float>(each.Energy);
            own.EnergySquare = new Vector<float>(each.Energy * each.Energy);
            own.Tie = new Vector<float>(each.Tie);
        }
        return count;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    Vector<float> ScoreBlock(int point, ReadOnlySpan<Lanes> lanes, float[][]? standbys, in EnergyRamp ramp)
    {
        Vector<float> worth = Vector<float>.Zero, energy = Vector<float>.Zero, square = Vector<float>.Zero, tie = Vector<float>.Zero;
        for (int i = 0; i < lanes.Length; i++)
        {
            ref readonly Lanes each = ref lanes[i];
            Vector<float> share = Vector.LoadUnsafe(ref MemoryMarshal.GetArrayDataReference(Mix.Shares[each.Exit]), (nuint)point);
            Vector<float> right = Vector.LoadUnsafe(ref MemoryMarshal.GetArrayDataReference(Mix.Rights[each.Exit]), (nuint)point);
            worth = Vector.FusedMultiplyAdd(right, each.Right, worth);
            if (standbys is not null)
            {
                Vector<float> other = Vector.LoadUnsafe(ref MemoryMarshal.GetArrayDataReference(standbys[each.Exit]), (nuint)point);
                worth = Vector.FusedMultiplyAdd(other, each.Standby, worth);
            }
            worth = Vector.FusedMultiplyAdd(share, each.Satisfied, worth);
            energy = Vector.FusedMultiplyAdd(share, each.Energy, energy);
            square = Vector.FusedMultiplyAdd(share, each.EnergySquare, square);
            tie = Vector.FusedMultiplyAdd(share, each.Tie, tie);
        }
        if (ramp.Bounded)
        {
            Vector<float> variance = Vector.Max(square - (energy * energy), Vector<float>.Zero) * ramp.PerTask;
            Vector<float> spread = Vector.SquareRoot(variance + ramp.MarginSquare);
            Vector<float> inside = new Vector<float>(0.5f) + ((ramp.Bound - energy) / (spread * ramp.Slope));
            worth *= Vector.Min(Vector.Max(inside, Vector<float>.Zero), Vector<float>.One);
        }
        return worth - tie; // (8)
    }

    /// <summary>Where nothing holds the bounds: the plan whose means exceed them least, late answers counted apart where it is known how
    /// likely they are; among equals the one that is right more often.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public Plan LeastViolation(in PlanningConditions conditions, in Requirements requirements)
    {
        var best = new Plan(0, Local, float.NegativeInfinity, true);
        int exits = _model.Exits;
        Span<float> latencies = stackalloc float[exits], energies = stackalloc float[exits], late = stackalloc float[exits],
            kept = stackalloc float[exits];
        foreach (CutCandidate candidate in _model.Candidates)
        {
            if (!Usable(candidate, conditions)) continue;
            foreach (ThresholdGrid.Group group in _grid.Groups)
            {
                for (int exit = 0; exit < exits; exit++)
                {
                    _model.PathTo(group.HeadMask, exit, candidate, conditions, out PathCost path);
                    (double latencyMs, double energyJ, double inside) = _model.Expected(path, conditions, requirements.LatencyMs);
                    (late[exit], kept[exit]) = (PlanningWeights.LateWeight * (float)(1 - inside), (float)path.Kept);
                    (latencies[exit], energies[exit]) = ((float)(latencyMs / requirements.LatencyMs),
                        (float)(energyJ / requirements.EnergyJ));
                }
                for (int point = group.Start; point < group.End; point += Vector<float>.Count)
                {
                    Vector<float> latency = Vector<float>.Zero, energy = Vector<float>.Zero, right = Vector<float>.Zero;
                    Vector<float> missed = Vector<float>.Zero;
                    for (int exit = 0; exit < exits; exit++)
                    {
                        var share = new Vector<float>(Mix.Shares[exit], point);
                        latency += share * new Vector<float>(latencies[exit]);
                        energy += share * new Vector<float>(energies[exit]);
                        missed += share * new Vector<float>(late[exit]);
                        right += new Vector<float>(Mix.Rights[exit], point) * new Vector<float>(kept[exit]);
                    }
                    Vector<float> score = (new Vector<float>(PlanningWeights.TieWeight) * right) - Vector.Max(latency, energy) - missed; // (10)
                    if (!Vector.GreaterThanAny(score, new Vector<float>(best.Score))) continue;
                    for (int lane = 0; lane < Vector<float>.Count; lane++)
                    {
                        if (score[lane] > best.Score) best = new Plan(point + lane, candidate, score[lane], true);
                    }
                }
            }
        }
        return best;
    }
}
