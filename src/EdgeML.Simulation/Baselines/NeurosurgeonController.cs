using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Control.Planning;
using EdgeML.Native.Policies;
using EdgeML.Native.Telemetry;

namespace EdgeML.Simulation.Baselines;

/// <summary>Neurosurgeon (Kang et al. 2017) as the paper uses it: no exits; tries every cut on the cost model and keeps the best.</summary>
/// <remarks>
/// Best is the largest expected satisfaction, then the least latency: without bounds its latency mode. The static form settles on the first
/// link it has a rate of; the live one solves again when a measurement has moved by more than a tenth.
/// </remarks>
/// <param name="model">Costs.</param>
/// <param name="live">Whether to follow the link.</param>
/// <param name="typical">The link the static form is chosen for, if it is known beforehand.</param>
sealed class NeurosurgeonController(CostModel model, bool live, LinkSnapshot? typical = null) : IPolicyController
{
    readonly float[] _noExits = new float[model.SideExits];
    readonly PathCost[] _paths = new PathCost[model.Exits];
    readonly LinkChangeDetector _watch = new();
    ExitPolicy _policy;
    DecisionExplanation _explanation;
    bool _isFixed;

    public string Name => live ? BaselineControllers.NeurosurgeonLive : BaselineControllers.Neurosurgeon;

    public bool UsesCalibration => false;

    public DecisionExplanation Explanation => _explanation;

    public ExitPolicy Next(in Observation observation)
    {
        _explanation.Reason = DecisionReason.Stable;
        if (_isFixed) return _policy;
        LinkSnapshot link = live ? observation.Link : typical ?? observation.Link;
        _watch.Observe(link, observation.TimeSeconds);
        _explanation.Reason = _watch.Changed(observation.Requirements);
        if (_explanation.Reason != DecisionReason.Stable) Solve(_watch.Conditions, observation.Requirements);
        _isFixed = !live && link.Up && link.RateBitsPerSecond > 0;
        return _policy;
    }

    public bool Completed(in TaskRecord record) => !_isFixed && _watch.Observe(record);

    public void Dispose()
    {
    }

    void Solve(in PlanningConditions conditions, in Requirements bounds)
    {
        (int best, double bestSatisfaction, double bestMs) = (model.LocalCut, double.NegativeInfinity, 0);
        foreach (int cut in model.Cuts)
        {
            if (cut != model.LocalCut && !conditions.LinkUp) continue;
            model.Paths(0, cut, conditions, _paths);
            ref readonly PathCost path = ref _paths[^1];
            double satisfaction = CostModel.Inside(path, conditions, bounds.LatencyMs)
                                  * CostModel.InsideEnergy(path.EnergyJ, path.EnergyJ * path.EnergyJ, conditions, bounds.EnergyJ);
            if (satisfaction < bestSatisfaction || (satisfaction == bestSatisfaction && path.LatencyMs >= bestMs)) continue;
            (best, bestSatisfaction, bestMs) = (cut, satisfaction, path.LatencyMs);
        }
        // A live one decides per request.
        _policy = new ExitPolicy(_noExits, best, live ? 1 : ControlIntervals.MaxInterval);
        _explanation.Policy = _policy;
        _explanation.Expected = model.Estimate(_policy, conditions, bounds).Stated();
        _explanation.CannotBeMet = bestSatisfaction < 0.5;
        _explanation.RateBitsPerSecond = conditions.RateBitsPerSecond;
    }
}
