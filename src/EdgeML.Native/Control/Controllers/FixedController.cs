using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Control.Planning;
using EdgeML.Native.Policies;

namespace EdgeML.Native.Control.Controllers;

/// <summary>Keeps one policy whatever happens.</summary>
sealed class FixedController(ExitPolicy policy, CostModel? model = null, string name = PolicyControllers.Fixed) : IPolicyController
{
    ExitPolicy _policy = policy;
    DecisionExplanation _explanation = new(policy, DecisionReason.Fixed);

    /// <summary>The policy; a change applies from the next decision on.</summary>
    public ExitPolicy Policy
    {
        get => _policy;
        set
        {
            _policy = value;
            _explanation.Policy = value;
        }
    }

    public string Name => name;

    public bool UsesCalibration => false;

    public DecisionExplanation Explanation => _explanation;

    public ExitPolicy Next(in Observation observation)
    {
        _explanation.RateBitsPerSecond = observation.Link.RateBitsPerSecond;
        if (model is not null)
        {
            _explanation.Expected = model.Estimate(_policy, PlanningConditions.From(observation.Link), observation.Requirements).Stated();
            _explanation.CannotBeMet = _explanation.Expected.Satisfaction < PlanningWeights.MetShare;
        }
        return _policy;
    }

    public void Dispose()
    {
    }
}
