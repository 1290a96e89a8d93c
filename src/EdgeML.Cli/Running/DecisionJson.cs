using System.Text.Json;
using EdgeML.Cli.CommandLine;
using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Planning;
using EdgeML.Simulation.Decisions;

namespace EdgeML.Cli.Running;

/// <summary>Writes decisions, with what they expected and what was measured, under the same names in every command.</summary>
static class DecisionJson
{
    /// <summary>An array <c>decisions</c>, and how many found no place in the log.</summary>
    public static void Write(Utf8JsonWriter writer, DecisionLog log)
    {
        writer.WriteStartArray("decisions");
        for (int i = 0; i < log.Count; i++) Write(writer, log[i]);
        writer.WriteEndArray();
        writer.WriteNumber("decisionsLeftOut", log.LeftOut);
    }

    static void Write(Utf8JsonWriter writer, in LoggedDecision decision)
    {
        DecisionExplanation explanation = decision.Explanation;
        writer.WriteStartObject();
        writer.WriteNumber("task", decision.FirstTask);
        writer.WriteString("reason", JsonNamingPolicy.CamelCase.ConvertName(explanation.Reason.ToString()));
        writer.WriteString("why", explanation.Why);
        writer.WriteBoolean("cannotBeMet", explanation.CannotBeMet);
        writer.WriteStartObject("policy");
        writer.WriteNumber("cut", explanation.Policy.Cut);
        if (explanation.Policy.Bottleneck > 0) writer.WriteNumber("bottleneck", explanation.Policy.Bottleneck);
        if (explanation.Policy.Standby > 0) writer.WriteNumber("standby", explanation.Policy.Standby);
        writer.WriteNumber("interval", explanation.Policy.Interval);
        writer.WriteStartArray("thresholds");
        foreach (float threshold in explanation.Policy.Thresholds) writer.WriteNumberValue(threshold);
        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.WriteStartObject("expected");
        Four(writer, explanation.Expected);
        writer.WriteEndObject();
        writer.WriteStartObject("measured");
        writer.WriteNumber("tasks", decision.Tasks);
        Four(writer, decision.Measured);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    static void Four(Utf8JsonWriter writer, in PolicyEstimate of)
    {
        // A controller without a cost model expects nothing; its other numbers are not zeros but absent.
        bool known = double.IsFinite(of.LatencyMs);
        writer.WriteFinite("latencyMs", of.LatencyMs);
        writer.WriteFinite("energy", known ? of.EnergyJ : double.NaN);
        // Agreement with the whole network is no accuracy, and an uncalibrated package expects neither.
        writer.WriteFinite("accuracy", known && of.Judged == AccuracyBasis.Labels ? of.Accuracy : double.NaN);
        if (known && of.Judged == AccuracyBasis.Agreement) writer.WriteFinite("agreement", of.Accuracy);
        writer.WriteFinite("satisfaction", known ? of.Satisfaction : double.NaN);
    }
}
