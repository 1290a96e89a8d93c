using System.Text.Json;
using EdgeML.Cli.CommandLine;
using EdgeML.Simulation.Replay;
using EdgeML.Simulation.Sweeps;

namespace EdgeML.Cli.Simulating;

/// <summary>Writes verdicts and all rows of a matrix.</summary>
static class SweepJson
{
    public static void Write(Utf8JsonWriter writer, SweepReport report)
    {
        writer.WriteNumber("runs", report.Runs);
        writer.WriteNumber("done", report.Done);
        writer.WriteNumber("seeds", report.Seeds);
        writer.WriteFinite("minutes", report.Elapsed.TotalMinutes);
        Verdicts(writer, "acceptance", SweepVerdicts.Judge(report.Results));
        Verdicts(writer, "directions", SweepDirections.Judge(report.Results));
        writer.WriteStartArray("cells");
        foreach (SweepCellResult result in report.Results)
        {
            writer.WriteStartObject();
            writer.WriteString("part", JsonNamingPolicy.CamelCase.ConvertName(result.Cell.Part.ToString()));
            writer.WriteString("name", result.Cell.Name);
            if (result.CanBeJudged) writer.WriteBoolean("saturated", result.Saturated);
            else writer.WriteNull("saturated");
            writer.WriteStartArray("rows");
            foreach (SweepRow row in result.Rows) Row(writer, row);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }

    static void Row(Utf8JsonWriter writer, SweepRow row)
    {
        writer.WriteStartObject();
        writer.WriteString("controller", row.Controller);
        writer.WriteFinite("adaptationTasks", row.Adaptation);
        foreach ((string name, Func<ReplayMetrics, double> value) in new (string, Func<ReplayMetrics, double>)[]
        {
            ("goodput", m => m.Goodput), ("goodputFirst100", m => m.GoodputFirst100), ("goodputAfter100", m => m.GoodputAfter100),
            ("satisfactionTask", m => m.SatisfactionTask), ("accuracy", m => m.Accuracy), ("meanLatencyMs", m => m.MeanLatencyMs),
            ("energy", m => m.Energy), ("reward", m => m.Reward),
        })
        {
            (double mean, double half) = row.Of(value);
            writer.WriteFinite(name, mean);
            writer.WriteFinite(name + "Ci95", half);
        }
        writer.WriteStartArray("goodputBySeed");
        foreach (SweepSample sample in row.Samples) writer.WriteNumberValue(sample.Metrics.Goodput);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    static void Verdicts(Utf8JsonWriter writer, string name, IReadOnlyList<SweepVerdict> verdicts)
    {
        writer.WriteStartArray(name);
        foreach (SweepVerdict verdict in verdicts)
        {
            writer.WriteStartObject();
            writer.WriteString("demand", verdict.Demand);
            writer.WriteNumber("held", verdict.Held);
            writer.WriteNumber("asked", verdict.Asked);
            writer.WriteStartArray("failures");
            foreach (string failure in verdict.Failures) writer.WriteStringValue(failure);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }
}
