using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Control.Planning;
using EdgeML.Native.Policies;

namespace EdgeML.Simulation.Baselines;

/// <summary>NSGA-III whose candidates are judged by the cost model as profiled, under the link as measured.</summary>
/// <remarks>A change of link or bounds has every member evaluated again; one generation per decision follows until they have settled.</remarks>
sealed class ModelNsga3Controller : IPolicyController
{
    /// <summary>28 directions.</summary>
    const int Divisions = 6;

    /// <summary>Generations before the first decision.</summary>
    const int FirstGenerations = 60;

    /// <summary>Generations after a change, one per decision.</summary>
    const int LaterGenerations = 30;

    /// <summary>Share of the bounds that plans may use.</summary>
    const double Margin = 0.9;

    readonly CostModel _model;
    readonly PolicySearch _policies;
    readonly LinkChangeDetector _watch = new();
    PlanningConditions _judged;
    DecisionExplanation _explanation;
    int _due;
    bool _started;

    public ModelNsga3Controller(ControllerContext context)
    {
        _model = context.Model;
        _policies = new PolicySearch(_model, Divisions, context.Seed);
    }

    public string Name => BaselineControllers.Nsga3Model;

    public DecisionExplanation Explanation => _explanation;

    /// <summary>Candidates judged; the measure of effort.</summary>
    public long Evaluations { get; private set; }

    public ExitPolicy Next(in Observation observation)
    {
        _watch.Observe(observation.Link, observation.TimeSeconds);
        Requirements bounds = observation.Requirements;
        DecisionReason reason = _watch.Changed(bounds);
        if (reason != DecisionReason.Stable)
        {
            (_judged, _due) = (_watch.Conditions, _started ? LaterGenerations : FirstGenerations);
            for (int member = 0; member < _policies.Population; member++) Judge(member);
            _policies.Search.Forget();
        }
        for (int generation = _started ? Math.Min(_due, 1) : _due; generation > 0; generation--, _due--)
        {
            _policies.Search.Breed();
            for (int child = 0; child < _policies.Population; child++) Judge(_policies.Population + child);
            _policies.Search.Select();
        }
        _started = true;
        ExitPolicy policy = Possible(_policies.Policy(_policies.Choose(bounds, Margin)));
        if (policy != _explanation.Policy || reason != DecisionReason.Stable) Explain(policy, bounds);
        _explanation.Reason = reason;
        return policy;
    }

    public bool Completed(in TaskRecord record) => _watch.Observe(record);

    public void Dispose()
    {
    }

    void Explain(in ExitPolicy policy, in Requirements bounds)
    {
        _explanation.Policy = policy;
        _explanation.Expected = _model.Estimate(policy, _judged, bounds).Stated();
        _explanation.CannotBeMet = _explanation.Expected.LatencyMs > bounds.LatencyMs || _explanation.Expected.EnergyJ > bounds.EnergyJ;
        _explanation.RateBitsPerSecond = _judged.RateBitsPerSecond;
    }

    void Judge(int member)
    {
        // The objectives know no bounds.
        PolicyEstimate estimate = _model.Estimate(Possible(_policies.Policy(member)), _judged, Requirements.None);
        _policies.Score(member, estimate.LatencyMs, estimate.EnergyJ, estimate.Accuracy);
        Evaluations++;
    }

    /// <summary>Without a link everything stays on the edge.</summary>
    ExitPolicy Possible(in ExitPolicy policy) => _judged.LinkUp ? policy : policy.WithCut(_model.LocalCut);
}
