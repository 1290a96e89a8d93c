using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using EdgeML.Native.Inference;

namespace EdgeML.Native.Control;

/// <summary>Finds the policy with the best expected goodput: every threshold point of the grid at every candidate cut, in one
/// pass.</summary>
/// <remarks>
/// What a path through the network costs depends on the cut and on which heads run, not on the thresholds themselves. So paths are
/// costed once per cut and head mask, and the points of a mask are scored side by side in vector registers. Ties go to lower latency
/// and energy. Not thread-safe. Kernels are compiled optimised from the first call: the plain code of the first few hundred plans would
/// take ten times as long, in the seconds in which most plans are made.
/// </remarks>
sealed class Planner
{
    /// <summary>What a satisfied but wrong answer is worth, next to 1 for a right one: bounds come before the last bit of
    /// accuracy.</summary>
    public const float SatisfactionWeight = 0.1f;

    /// <summary>What a whole bound of latency or energy costs: enough to decide between equals.</summary>
    const float TieWeight = 0.002f;

    /// <summary>Below this no plan is worth the name, and the one closest to the bounds is taken.</summary>
    const float WorthwhileScore = 0.02f;

    readonly CostModel _model;
    readonly ThresholdGrid _grid;
    readonly PathCost[] _paths;
    readonly Vector<int> _lanes;

    public Planner(CostModel model, ThresholdGrid? grid = null)
    {
        _model = model;
        _grid = grid ?? model.Grid;
        _paths = new PathCost[model.Exits];
        Mix = new ExitMix(model.Samples, _grid);
        _lanes = Vector<int>.Indices;
    }

    public ExitMix Mix { get; }

    /// <summary>A plan and how it scores; higher is better.</summary>
    public readonly record struct Plan(int Point, CutCandidate Candidate, float Score, bool LeastBad)
    {
        /// <summary>Units run on the edge.</summary>
        public int Cut => Candidate.Cut;
    }

    /// <summary>Whether the planner may use cuts other than the local one, beside the link being up.</summary>
    public bool AllowOffload { get; set; } = true;

    /// <summary>Whether it may use the local cut at all.</summary>
    public bool AllowLocal { get; set; } = true;

    /// <summary>The policy of a plan.</summary>
    public ExitPolicy Policy(in Plan plan, int interval) => new(_grid.Thresholds(plan.Point), plan.Cut, interval, plan.Candidate.Bottleneck);

    /// <summary>The best plan under the conditions.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public Plan Find(in PlanningConditions conditions, in Requirements requirements)
    {
        var best = new Plan(0, new CutCandidate(_model.LocalCut, 0), float.NegativeInfinity, false);
        foreach (CutCandidate candidate in _model.Candidates)
        {
            if (!Usable(candidate, conditions)) continue;
            foreach (ThresholdGrid.Group group in _grid.Groups)
            {
                (int point, float score) = BestOf(group, candidate, conditions, requirements);
                if (score > best.Score) best = new Plan(point, candidate, score, false);
            }
        }
        return best.Score >= WorthwhileScore ? best : LeastBad(conditions, requirements);
    }

    /// <summary>The best plan that sends every input and takes no exit.</summary>
    public Plan WithoutExits(in PlanningConditions conditions, in Requirements requirements)
    {
        var best = new Plan(0, new CutCandidate(_model.LocalCut, 0), float.NegativeInfinity, false);
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
    public float Score(in Plan plan, in PlanningConditions conditions, in Requirements requirements)
    {
        if (!Usable(plan.Candidate, conditions)) return float.NegativeInfinity;
        int start = plan.Point / Vector<float>.Count * Vector<float>.Count;
        uint mask = ThresholdGrid.HeadMask(_grid.Thresholds(plan.Point));
        Span<Coefficients> coefficients = stackalloc Coefficients[_model.Exits];
        Prepare(mask, plan.Candidate, conditions, requirements, coefficients);
        return ScoreBlock(start, coefficients, conditions, requirements)[plan.Point - start];
    }

    bool Usable(CutCandidate candidate, in PlanningConditions conditions)
    {
        if (candidate.Cut == _model.LocalCut) return AllowLocal || !conditions.LinkUp;
        return AllowOffload && conditions.LinkUp && (candidate.Bottleneck == 0 || _model.UsesBottlenecks);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    (int Point, float Score) BestOf(in ThresholdGrid.Group group, CutCandidate candidate, in PlanningConditions conditions, in Requirements requirements)
    {
        Span<Coefficients> coefficients = stackalloc Coefficients[_model.Exits];
        Prepare(group.HeadMask, candidate, conditions, requirements, coefficients);
        var best = new Vector<float>(float.NegativeInfinity);
        Vector<int> bestPoint = Vector<int>.Zero;
        for (int point = group.Start; point < group.End; point += Vector<float>.Count)
        {
            Vector<float> score = ScoreBlock(point, coefficients, conditions, requirements);
            Vector<int> better = Vector.GreaterThan(score, best);
            best = Vector.ConditionalSelect(better, score, best);
            bestPoint = Vector.ConditionalSelect(better, _lanes + new Vector<int>(point), bestPoint);
        }
        int lane = 0;
        for (int i = 1; i < Vector<float>.Count; i++)
        {
            if (best[i] > best[lane]) lane = i;
        }
        return (bestPoint[lane], best[lane]);
    }

    /// <summary>What one unit of exit share contributes.</summary>
    struct Coefficients
    {
        public float Inside;
        public float Right;
        public float Energy;
        public float Tie;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void Prepare(uint mask, CutCandidate candidate, in PlanningConditions conditions, in Requirements requirements, Span<Coefficients> coefficients)
    {
        _model.Paths(mask, candidate, conditions, _paths);
        // Without a bound the whole network's own cost is the yardstick.
        double latencyScale = double.IsPositiveInfinity(requirements.LatencyMs) ? _model.LocalMs : requirements.LatencyMs;
        double energyScale = double.IsPositiveInfinity(requirements.EnergyJ)
            ? _model.Power.Joules(_model.LocalMs, _model.LocalMs, 0) : requirements.EnergyJ;
        for (int exit = 0; exit < coefficients.Length; exit++)
        {
            // Nobody leaves at a head that is not tried.
            if (exit < _model.SideExits && (mask >> exit & 1) == 0)
            {
                coefficients[exit] = default;
                continue;
            }
            ref readonly PathCost path = ref _paths[exit];
            double tie = (path.LatencyMs / Math.Max(latencyScale, 1e-9)) + (path.EnergyJ / Math.Max(energyScale, 1e-12));
            double inside = CostModel.Inside(path, conditions, requirements.LatencyMs);
            coefficients[exit] = new Coefficients
            {
                Inside = (float)inside,
                Right = (float)(inside * path.Kept),
                Energy = (float)_model.ExpectedEnergy(path, inside, conditions, requirements.LatencyMs),
                Tie = TieWeight * (float)Math.Min(tie, 50),
            };
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    Vector<float> ScoreBlock(
        int point, ReadOnlySpan<Coefficients> coefficients, in PlanningConditions conditions, in Requirements requirements)
    {
        Vector<float> worth = Vector<float>.Zero, energy = Vector<float>.Zero, square = Vector<float>.Zero, tie = Vector<float>.Zero;
        for (int exit = 0; exit < coefficients.Length; exit++)
        {
            ref readonly Coefficients each = ref coefficients[exit];
            Vector<float> share = Vector.LoadUnsafe(ref MemoryMarshal.GetArrayDataReference(Mix.Shares[exit]), (nuint)point);
            Vector<float> right = Vector.LoadUnsafe(ref MemoryMarshal.GetArrayDataReference(Mix.Rights[exit]), (nuint)point);
            worth = Vector.FusedMultiplyAdd(right, new Vector<float>(each.Right), worth);
            worth = Vector.FusedMultiplyAdd(share, new Vector<float>(SatisfactionWeight * each.Inside), worth);
            Vector<float> part = share * new Vector<float>(each.Energy);
            energy += part;
            square = Vector.FusedMultiplyAdd(part, new Vector<float>(each.Energy), square);
            tie = Vector.FusedMultiplyAdd(share, new Vector<float>(each.Tie), tie);
        }
        if (!double.IsPositiveInfinity(requirements.EnergyJ))
        {
            // The same ramp as CostModel.InsideEnergy.
            float bound = (float)requirements.EnergyJ;
            float margin = (float)conditions.EnergyMargin * bound;
            var perTask = new Vector<float>(1 / (float)conditions.WindowTasks);
            Vector<float> variance = Vector.Max(square - (energy * energy), Vector<float>.Zero) * perTask;
            Vector<float> spread = Vector.SquareRoot(variance + new Vector<float>((margin * margin) + 1e-20f));
            var ramp = spread * new Vector<float>((float)CostModel.EnergyRamp);
            Vector<float> inside = new Vector<float>(0.5f) + ((new Vector<float>(bound) - energy) / ramp);
            worth *= Vector.Min(Vector.Max(inside, Vector<float>.Zero), Vector<float>.One);
        }
        return worth - tie;
    }

    /// <summary>Nothing holds the bounds: the plan whose means exceed them least; among equals the one that is right more often.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    Plan LeastBad(in PlanningConditions conditions, in Requirements requirements)
    {
        var best = new Plan(0, new CutCandidate(_model.LocalCut, 0), float.NegativeInfinity, true);
        foreach (CutCandidate candidate in _model.Candidates)
        {
            if (!Usable(candidate, conditions)) continue;
            foreach (ThresholdGrid.Group group in _grid.Groups)
            {
                _model.Paths(group.HeadMask, candidate, conditions, _paths);
                for (int point = group.Start; point < group.End; point += Vector<float>.Count)
                {
                    Vector<float> latency = Vector<float>.Zero, energy = Vector<float>.Zero, right = Vector<float>.Zero;
                    for (int exit = 0; exit < _paths.Length; exit++)
                    {
                        var share = new Vector<float>(Mix.Shares[exit], point);
                        latency += share * new Vector<float>((float)(_paths[exit].LatencyMs / requirements.LatencyMs));
                        energy += share * new Vector<float>((float)(_paths[exit].EnergyJ / requirements.EnergyJ));
                        right += new Vector<float>(Mix.Rights[exit], point) * new Vector<float>((float)_paths[exit].Kept);
                    }
                    Vector<float> score = (new Vector<float>(TieWeight) * right) - Vector.Max(latency, energy);
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
