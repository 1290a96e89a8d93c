using System.Text.Json;
using EdgeML.Cli.CommandLine;
using EdgeML.Simulation.Validation;

namespace EdgeML.Cli.Simulating;

/// <summary>The JSON of <c>edgeml reality</c>.</summary>
static class ValidationJson
{
    public static void Write(Utf8JsonWriter writer, ValidationReport report, int localCut, string shaper)
    {
        ValidationSettings settings = report.Settings;
        writer.WriteString("shaper", shaper);
        writer.WriteFinite("payloadMbps", settings.PayloadMbps);
        writer.WriteFinite("rttMs", settings.RttMs);
        writer.WriteFinite("measuredMbps", report.Link.RateBitsPerSecond / 1e6);
        writer.WriteFinite("measuredRttMs", report.Link.RttMs);
        writer.WriteFinite("edgeSlowdown", settings.EdgeSlowdown);
        writer.WriteNumber("tasks", settings.Tasks);
        writer.WriteFinite("tolerance", ValidationRow.Tolerance);
        writer.WriteNumber("held", report.Held);
        writer.WriteStartArray("policies");
        foreach (ValidationRow row in report.Rows)
        {
            writer.WriteStartObject();
            writer.WriteString("name", row.Policy.Name(localCut));
            writer.WriteNumber("cut", row.Policy.Policy.Cut);
            writer.WriteStartArray("thresholds");
            foreach (float threshold in row.Policy.Policy.Thresholds) writer.WriteNumberValue(Math.Round(threshold, 4));
            writer.WriteEndArray();
            writer.WriteNumber("offloaded", row.Offloaded);
            Latency(writer, "liveMs", row.Live);
            Latency(writer, "simulatedMs", row.Simulated);
            writer.WriteFinite("ratio", row.Ratio);
            writer.WriteBoolean("holds", row.Holds);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }

    static void Latency(Utf8JsonWriter writer, string name, IReadOnlyList<ValidationTask> tasks)
    {
        writer.WriteStartObject(name);
        writer.WriteFinite("p50", ValidationRow.Quantile(tasks, 0.5));
        writer.WriteFinite("p90", ValidationRow.Quantile(tasks, 0.9));
        writer.WriteFinite("edge", ValidationRow.PartMs(tasks, task => task.EdgeMs));
        writer.WriteFinite("wire", ValidationRow.PartMs(tasks, task => task.WireMs));
        writer.WriteFinite("tail", ValidationRow.PartMs(tasks, task => task.TailMs));
        writer.WriteEndObject();
    }
}
