using EdgeML.Native.Control.Controllers;
using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Loop;
using EdgeML.Native.Control.Planning;
using EdgeML.Native.Inference.Engines;

namespace EdgeML.Native.Inference.Sessions;

/// <summary>The warnings of a session, each given once. Any thread.</summary>
/// <param name="onWarning">Called with each; may be null.</param>
sealed class SessionWarnings(Action<string>? onWarning)
{
    readonly List<string> _all = [];

    /// <summary>So far; a copy.</summary>
    public IReadOnlyList<string> All
    {
        get
        {
            lock (_all) return [.. _all];
        }
    }

    /// <summary>Gives a warning, unless it was given before.</summary>
    public void Add(string warning)
    {
        lock (_all)
        {
            if (_all.Contains(warning)) return;
            _all.Add(warning);
        }
        onWarning?.Invoke(warning);
    }

    /// <summary>Warns as soon as exits answer of which nothing is known, unless something is known by then.</summary>
    /// <param name="control">Decides.</param>
    /// <param name="costs">Knows what is known.</param>
    /// <param name="model">Of the session.</param>
    /// <param name="isLearned">Whether tasks tell how good exits are.</param>
    public void WatchUnknownExits(ControlLoop control, CostModel costs, BranchedModel model, bool isLearned)
    {
        control.Decided += Look;

        void Look(DecisionExplanation decision)
        {
            bool isUnknown = costs.Judged == AccuracyBasis.Unknown;
            if (isUnknown && costs.Heads(decision.Policy.Thresholds) == 0 && decision.Policy.Standby == 0) return;
            control.Decided -= Look;
            if (isUnknown) Add(UnknownExits(model, control.Controller.Name, isLearned));
        }
    }

    static string UnknownExits(BranchedModel model, string controller, bool isLearned)
    {
        int samples = model.Package.Calibration?.Samples ?? 0;
        string known = samples == 0 ? "is not calibrated" : $"is calibrated on {samples} samples, at least {SessionControl.LeastSamples} are needed";
        string sparingly = controller is PolicyControllers.Planner or PolicyControllers.EdgeML ? ", as few as the bounds need," : "";
        string learns = isLearned ? "; how often exits agree with the whole network is learned from a share of the tasks" : "";
        return $"model {model.Manifest.Name} {known}: {controller} lets exits answer{sparingly} of which nothing is known{learns}; "
            + "edgeml calibrate tells beforehand";
    }
}
