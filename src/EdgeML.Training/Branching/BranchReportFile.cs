using System.Text.Json;
using EdgeML.Training.Evaluation;

namespace EdgeML.Training.Branching;

/// <summary>A report as JSON.</summary>
static class BranchReportFile
{
    /// <summary>Writes keys into an object that is open.</summary>
    internal static void Write(Utf8JsonWriter writer, BranchReport report)
    {
        IReadOnlyList<long> macs = report.Curve.MacsTo();
        writer.WriteString("model", report.Manifest.Hash);
        writer.WriteString("name", report.Manifest.Name);
        writer.WriteBoolean("labelled", report.Labelled);
        writer.WriteNumber("samples", report.Samples);
        writer.WriteNumber("heldOut", report.HeldOut);
        writer.WriteString("judgedOn", report.Judged.Source);
        writer.WriteNumber("judgedSamples", report.Judged.Samples);
        writer.WriteStartArray("exits");
        for (int e = 0; e < macs.Count; e++)
        {
            writer.WriteStartObject();
            writer.WriteNumber("index", e + 1);
            writer.WriteString("name", report.Manifest.Exits[e].Name);
            writer.WriteNumber("afterUnit", report.Manifest.Exits[e].AfterUnit);
            writer.WriteNumber("macsUpToIt", macs[e]);
            if (report.Accuracies is { } accuracies) writer.WriteNumber("accuracy", Math.Round(accuracies[e], 6));
            writer.WriteNumber("agreement", Math.Round(report.Agreements[e], 6));
            if (e < report.Heads.Count) Write(writer, report.Heads[e]);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteStartArray("curve");
        foreach (ExitCurveRow row in report.Curve.Sweep(ExitCurve.DefaultThresholds))
        {
            writer.WriteStartObject();
            writer.WriteNumber("threshold", row.Threshold);
            writer.WriteNumber(report.Labelled ? "accuracy" : "agreement", Math.Round(row.Accuracy, 6));
            writer.WriteNumber("meanMacs", Math.Round(row.MeanMacs));
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        Write(writer, "features", report.Features);
        Write(writer, "training", report.Training);
        writer.WriteStartArray("notes");
        foreach (string note in report.Notes) writer.WriteStringValue(note);
        writer.WriteEndArray();
    }

    static void Write(Utf8JsonWriter writer, TrainedHead head)
    {
        writer.WriteStartArray("sizes");
        foreach (int size in head.Plan.Sizes) writer.WriteNumberValue(size);
        writer.WriteEndArray();
        writer.WriteString("pooledTo", head.PooledTo);
        writer.WriteNumber("headMacs", head.Plan.Macs);
        writer.WriteNumber("epochs", head.Epochs);
        writer.WriteNumber("keptEpoch", head.KeptEpoch);
        writer.WriteNumber("temperature", Math.Round(head.Temperature, 4));
    }

    static void Write(Utf8JsonWriter writer, string name, StageTime time)
    {
        writer.WriteStartObject(name);
        writer.WriteNumber("seconds", Math.Round(time.Seconds, 2));
        writer.WriteNumber("cpuSeconds", Math.Round(time.CpuSeconds, 2));
        writer.WriteEndObject();
    }
}
