using System.Globalization;
using EdgeML.Native.Control.Costs;
using EdgeML.Native.Policies;

namespace EdgeML.Native.Control.Planning;

/// <summary>The last decision: choice, expectation and reason. A value, so that keeping it costs nothing.</summary>
public struct DecisionExplanation
{
    /// <summary>Explains a choice of which nothing is expected in numbers, as by a rule without a cost model.</summary>
    /// <param name="policy">The chosen policy.</param>
    /// <param name="reason">Why.</param>
    /// <param name="rateBitsPerSecond">The estimated uplink rate, in bits per second; NaN where unknown.</param>
    public DecisionExplanation(in ExitPolicy policy, DecisionReason reason, double rateBitsPerSecond = double.NaN)
    {
        (Policy, Reason, RateBitsPerSecond) = (policy, reason, rateBitsPerSecond);
        Expected.LatencyMs = Expected.EnergyJ = Expected.Accuracy = Expected.Satisfaction = Expected.Goodput = Expected.Bytes = double.NaN;
    }

    /// <summary>The policy chosen.</summary>
    public ExitPolicy Policy;

    /// <summary>The cost model's expectation; NaN where the controller has none.</summary>
    public PolicyEstimate Expected;

    /// <summary>The reason for the decision.</summary>
    public DecisionReason Reason;

    /// <summary>Whether no policy is expected to hold the bounds for at least half of the tasks; the one with the least violation was chosen.</summary>
    public bool CannotBeMet;

    /// <summary>The estimated uplink rate, in bits per second; NaN where unknown.</summary>
    public double RateBitsPerSecond;

    /// <summary>The reason in words, and whether the bounds can be met; built here, on demand.</summary>
    public readonly string Why
    {
        get
        {
            string reason = Reason switch
            {
                DecisionReason.Initial => "first plan",
                DecisionReason.Fixed => "fixed policy",
                DecisionReason.Stable => "nothing moved",
                DecisionReason.LinkChanged =>
                    string.Create(CultureInfo.InvariantCulture, $"link changed to {RateBitsPerSecond / 1e6:0.0} Mbps"),
                DecisionReason.LinkDown => "tail out of reach",
                DecisionReason.TailChanged => "tail load changed",
                DecisionReason.BoundsChanged => "bounds changed",
                DecisionReason.InputsChanged => "inputs changed",
                DecisionReason.EdgeChanged => "edge speed changed",
                DecisionReason.Missed => "a task missed its bound",
                DecisionReason.Explored => "trying a neighbour of the plan",
                DecisionReason.Learned => "learned to differ from the plan",
                DecisionReason.BudgetChanged => "energy budget moved",
                DecisionReason.Probed => "trying an unused link",
                DecisionReason.Calibrated => "more is known of the exits",
                _ => Reason.ToString(),
            };
            return CannotBeMet ? reason + "; bounds cannot be met" : reason;
        }
    }

    /// <summary>The expected accuracy, in words.</summary>
    readonly string Right => Expected.Judged switch
    {
        AccuracyBasis.NotApplicable => "no accuracy (outputs are no class scores)",
        _ when double.IsNaN(Expected.Accuracy) => "accuracy unknown (not calibrated)",
        AccuracyBasis.Agreement => string.Create(CultureInfo.InvariantCulture, $"agreement with the whole network {Expected.Accuracy:0.000}"),
        _ => string.Create(CultureInfo.InvariantCulture, $"accuracy {Expected.Accuracy:0.000}"),
    };

    /// <summary>One line for people: the reason, the policy, the expectation.</summary>
    public override readonly string ToString()
    {
        string expected = double.IsNaN(Expected.LatencyMs)
            ? ""
            : string.Create(CultureInfo.InvariantCulture,
                $"; expects {Expected.LatencyMs:0.0} ms, {Expected.EnergyJ:0.000} J, {Right}, ") +
              string.Create(CultureInfo.InvariantCulture, $"satisfied {Expected.Satisfaction:0.00}");
        return $"{Why}: {Policy}{expected}";
    }
}
