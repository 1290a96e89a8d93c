using System.Text.Json;
using System.Text.Json.Serialization;
using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Planning;
using EdgeML.Native.Policies;
using EdgeML.Simulation.Decisions;

namespace EdgeML.Cli.Running;

/// <summary>A decision, with its expectation and measurements, under the same names in every command.</summary>
sealed record DecisionJson(int Task, string Reason, string Why, bool CannotBeMet, PolicyJson Policy, EstimateJson Expected, MeasuredJson Measured)
{
    /// <summary>All decisions of a log, in order.</summary>
    public static IReadOnlyList<DecisionJson> Of(DecisionLog log) => [.. Enumerable.Range(0, log.Count).Select(i => Of(log[i]))];

    static DecisionJson Of(in LoggedDecision decision)
    {
        DecisionExplanation explanation = decision.Explanation;
        EstimateJson measured = EstimateJson.Of(decision.Measured);
        return new DecisionJson(
            decision.FirstTask, JsonNamingPolicy.CamelCase.ConvertName(explanation.Reason.ToString()), explanation.Why, explanation.CannotBeMet,
            PolicyJson.Of(explanation.Policy), EstimateJson.Of(explanation.Expected),
            new MeasuredJson(
                decision.Tasks, measured.LatencyMs, measured.Energy, measured.Accuracy, measured.Agreement, measured.Satisfaction));
    }
}

/// <summary>The policy of a decision; no bottleneck and no standby exit are left out.</summary>
sealed record PolicyJson(
    int Cut, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? Bottleneck,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? Standby, int Interval, IReadOnlyList<float> Thresholds)
{
    public static PolicyJson Of(in ExitPolicy policy) => new(
        policy.Cut, policy.Bottleneck > 0 ? policy.Bottleneck : null, policy.Standby > 0 ? policy.Standby : null, policy.Interval,
        [.. policy.Thresholds]);
}

/// <summary>The expectation of a policy.</summary>
sealed record EstimateJson(
    double LatencyMs, double Energy, double Accuracy,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? Agreement, double Satisfaction)
{
    public static EstimateJson Of(in PolicyEstimate of)
    {
        // A controller without a cost model expects nothing; its other numbers are not zeros but absent.
        bool known = double.IsFinite(of.LatencyMs);
        // Agreement with the whole network is no accuracy, and an uncalibrated package expects neither.
        return new EstimateJson(
            of.LatencyMs, known ? of.EnergyJ : double.NaN, known && of.Judged == AccuracyBasis.Labels ? of.Accuracy : double.NaN,
            known && of.Judged == AccuracyBasis.Agreement ? of.Accuracy : null, known ? of.Satisfaction : double.NaN);
    }
}

/// <summary>The measurements, over the tasks that ran under it.</summary>
sealed record MeasuredJson(
    int Tasks, double LatencyMs, double Energy, double Accuracy,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? Agreement, double Satisfaction);
