using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Observations;
using EdgeML.Native.Control.Planning;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Policies;
using EdgeML.Native.Telemetry;

namespace OwnController;

/// <summary>Sends at the first cut whose tensor is through in half of the latency bound, and stays on the edge where there is none. Exits
/// answer sooner while tasks are late.</summary>
sealed class LinkRule(ControllerContext context) : IPolicyController
{
    readonly CostModel _model = context.Model;
    float _threshold;
    int _cut = -1;

    public string Name => "link-rule";

    public bool UsesCalibration => false;

    public DecisionExplanation Explanation { get; private set; }

    public ExitPolicy Next(in Observation observation)
    {
        bool late = observation.LatencyMs > observation.Requirements.LatencyMs;
        if (observation.Tasks > 0) _threshold = Math.Clamp(_threshold + (late ? 0.1f : -0.02f), 0f, 1f);
        int cut = CutFor(observation.Link, observation.Requirements.LatencyMs / 2);
        Span<float> thresholds = stackalloc float[_model.SideExits];
        thresholds.Fill(_threshold);
        var policy = new ExitPolicy(thresholds, cut, ControlIntervals.MaxInterval);
        DecisionReason reason = _cut < 0 ? DecisionReason.Initial
            : !observation.Link.Up ? DecisionReason.LinkDown
            : cut != _cut ? DecisionReason.LinkChanged
            : late ? DecisionReason.Missed : DecisionReason.Stable;
        Explanation = new DecisionExplanation(policy, reason, observation.Link.RateBitsPerSecond);
        _cut = cut;
        return policy;
    }

    public void Dispose()
    {
    }

    int CutFor(in LinkSnapshot link, double limitMs)
    {
        for (int i = 0; link.Up && i < _model.CandidateCuts.Count; i++)
        {
            CutInfo cut = _model.Manifest.Cuts[_model.CandidateCuts[i]];
            double sendMs = link.RttMs + (cut.Bytes * 8e3 / link.RateBitsPerSecond);
            // Values never measured are NaN: the first task tries the link.
            if (!(sendMs > limitMs)) return cut.K;
        }
        return _model.LocalCut;
    }
}
