using System.Globalization;
using EdgeML.Native.Control.Costs;
using EdgeML.Simulation.Decisions;

namespace EdgeML.Cli.Running;

/// <summary>The accuracy that the decisions of a run expected, each weighted by the tasks that ran under it.</summary>
/// <param name="Tasks">Tasks under a decision with an expectation.</param>
/// <param name="Accuracy">Share of right answers; NaN where no decision rested on labels.</param>
/// <param name="Agreement">Share of answers that are the whole network's; NaN where no decision rested on that alone.</param>
/// <param name="Unknown">Tasks under a decision that knew nothing of its exits.</param>
sealed record ExpectedAnswers(long Tasks, double Accuracy, double Agreement, long Unknown)
{
    /// <summary>Null where the controller has no cost model.</summary>
    public static ExpectedAnswers? Of(DecisionLog log)
    {
        (double right, long labelled, double alike, long compared, long unknown) = (0, 0, 0, 0, 0);
        for (int i = 0; i < log.Count; i++)
        {
            LoggedDecision decision = log[i];
            PolicyEstimate expected = decision.Explanation.Expected;
            if (double.IsNaN(expected.LatencyMs)) continue;
            if (double.IsNaN(expected.Accuracy)) unknown += decision.Tasks;
            else if (expected.Judged == AccuracyBasis.Labels) (right, labelled) = (right + (expected.Accuracy * decision.Tasks), labelled + decision.Tasks);
            else (alike, compared) = (alike + (expected.Accuracy * decision.Tasks), compared + decision.Tasks);
        }
        if (labelled + compared + unknown == 0) return null;
        return new ExpectedAnswers(labelled + compared, right / labelled, alike / compared, unknown);
    }

    /// <summary>For people.</summary>
    public string Text
    {
        get
        {
            var parts = new List<string>();
            if (double.IsFinite(Accuracy)) parts.Add(string.Create(CultureInfo.InvariantCulture, $"accuracy {100 * Accuracy:0.00} %"));
            if (double.IsFinite(Agreement))
                parts.Add(string.Create(CultureInfo.InvariantCulture, $"agreement with the whole network {100 * Agreement:0.00} %"));
            if (Unknown > 0) parts.Add(string.Create(CultureInfo.InvariantCulture, $"accuracy unknown (not calibrated) for {Unknown} tasks"));
            return string.Join(", ", parts) + (Unknown > 0 && Tasks == 0 ? "" : ", over the tasks of all decisions");
        }
    }
}
