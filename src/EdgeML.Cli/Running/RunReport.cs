using System.Globalization;
using System.Text.Json;
using EdgeML.Cli.CommandLine;
using EdgeML.Native.Control.Loop;
using EdgeML.Native.Control.Planning;
using EdgeML.Native.Inference.Guarantees;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Offload;
using EdgeML.Native.Telemetry;
using EdgeML.Simulation.Decisions;
using Spectre.Console;

namespace EdgeML.Cli.Running;

/// <summary>Shows a finished run: a table for people, the contract's object for scripts.</summary>
sealed class RunReport(ModelManifest manifest, RunTally tally, ControlCounters control, string energySource, bool bounded,
    AccuracyGuarantee? guarantee, GuaranteeCounters checks)
{
    /// <summary>The last decision of a controller that makes any.</summary>
    public DecisionExplanation? Last { get; init; }

    /// <summary>All of its decisions, where somebody wants to read them.</summary>
    public DecisionLog? Decisions { get; init; }

    /// <summary>How much is known of what the exits are worth; null where nothing is.</summary>
    public CalibrationInfo? Calibration { get; init; }

    /// <summary>What background threads of the session could not do.</summary>
    public IReadOnlyList<string> Faults { get; init; } = [];

    /// <summary>Where the tail was to be, and where the connection stood at the end; null for a run without one.</summary>
    public (HostPort Address, TailStatus Status)? Tail { get; init; }

    /// <summary>What may make the answers wrong, a sentence each.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    double? Satisfaction => bounded && double.IsFinite(control.Satisfaction) ? control.Satisfaction : null;

    public void Show(IAnsiConsole console)
    {
        var table = new Table { Border = TableBorder.Rounded };
        table.AddColumn("exit").AddColumn(new TableColumn("tasks").RightAligned()).AddColumn(new TableColumn("accuracy").RightAligned());
        for (int exit = 1; exit <= manifest.Exits.Count; exit++)
        {
            long count = tally.ExitCount(exit);
            string accuracy = tally.Labelled && count > 0 ? Percent((double)tally.ExitCorrect(exit) / count) : "-";
            table.AddRow(Markup.Escape(manifest.Exits[exit - 1].Name), count.ToString(CultureInfo.InvariantCulture), accuracy);
        }
        console.Write(table);
        if (tally.Labelled)
            console.MarkupLine($"accuracy     {Percent((double)tally.Correct / tally.Tasks)} ({tally.Correct} of {tally.Tasks})");
        string standbys = tally.Standbys > 0 ? $", {tally.Standbys} by a standby exit" : "";
        console.MarkupLine(
            $"answered     {tally.Tasks - tally.Offloaded} on the edge ({tally.Fallbacks} of them fallbacks{standbys}), "
                + $"{tally.Offloaded} by the tail");
        console.MarkupLine(
            $"latency      mean {tally.MeanLatencyMs:0.00} ms, p50 {tally.LatencyQuantile(0.5):0.00}, p99 {tally.LatencyQuantile(0.99):0.00}; edge {tally.EdgeMs:0.00}, wire {tally.WireMs:0.00}, tail {tally.TailMs:0.00}");
        console.MarkupLine($"energy       {tally.JoulesPerTask:0.0000} J a task ({energySource})");
        if (guarantee is not null)
        {
            string limits = string.Join(' ', guarantee.Limits.Select(limit => limit.ToString("0.0000", CultureInfo.InvariantCulture)));
            console.MarkupLine(
                $"promise      at most {Percent(guarantee.MaxLoss)} lost by early answers, {Percent(guarantee.Confidence)} sure ({(guarantee.Labelled ? "labels" : "agreement")}); "
                    + $"thresholds at most {limits}{(guarantee.Tightened > 0 ? ", tightened" : "")}");
            console.MarkupLine(
                $"checked      {checks.Checked} tasks to the end, {checks.Differing} of the early answers differ; limits tightened {checks.Tightened} times");
        }
        if (Tail is { } tail)
        {
            string fallen = tally.Fallbacks > 0 ? $"; {tally.Fallbacks} fallbacks: {tally.FallbackText}" : "";
            console.MarkupLine(Markup.Escape($"tail         {tail.Address} {tail.Status}{fallen}"));
        }
        console.MarkupLine(Markup.Escape($"exits        {CalibrationInfo.Describe(Calibration)}"));
        foreach (string fault in Faults) console.MarkupLine(Markup.Escape($"fault        {fault}"));
        if (Expected is { } expected) console.MarkupLine(Markup.Escape($"expected     {expected.Text}"));
        if (Last is { } last) console.MarkupLine(Markup.Escape($"decided      {last}"));
        foreach (string warning in Warnings) console.MarkupLine(Markup.Escape($"warning      {warning}"));
        if (Satisfaction is { } satisfaction) console.MarkupLine($"satisfied    {Percent(satisfaction)} inside the bounds");
    }

    public void WriteJson(string path) => JsonFile.Write(path, json =>
    {
        json.WriteNumber("tasks", tally.Tasks);
        if (tally.Labelled)
        {
            json.WriteNumber("correct", tally.Correct);
            json.WriteFinite("accuracy", (double)tally.Correct / tally.Tasks);
        }
        else
        {
            json.WriteNull("correct");
            json.WriteNull("accuracy");
        }
        json.WriteStartArray("exits");
        for (int exit = 1; exit <= manifest.Exits.Count; exit++)
        {
            json.WriteStartObject();
            json.WriteNumber("index", exit);
            json.WriteNumber("count", tally.ExitCount(exit));
            if (tally.Labelled) json.WriteNumber("correct", tally.ExitCorrect(exit));
            else json.WriteNull("correct");
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteNumber("local", tally.Tasks - tally.Offloaded);
        json.WriteNumber("offloaded", tally.Offloaded);
        json.WriteNumber("fallbacks", tally.Fallbacks);
        json.WriteNumber("standbys", tally.Standbys);
        WriteTail(json);
        json.WriteStartObject("latencyMs");
        json.WriteFinite("mean", tally.MeanLatencyMs);
        json.WriteFinite("p50", tally.LatencyQuantile(0.5));
        json.WriteFinite("p99", tally.LatencyQuantile(0.99));
        json.WriteFinite("p999", tally.LatencyQuantile(0.999));
        json.WriteEndObject();
        json.WriteStartObject("parts");
        json.WriteFinite("edgeMs", tally.EdgeMs);
        json.WriteFinite("wireMs", tally.WireMs);
        json.WriteFinite("tailMs", tally.TailMs);
        json.WriteFinite("queueMs", tally.QueueMs);
        json.WriteEndObject();
        json.WriteNumber("bytesSent", tally.BytesSent);
        json.WriteStartObject("energy");
        json.WriteFinite("joulesPerTask", tally.JoulesPerTask);
        json.WriteString("source", energySource);
        json.WriteEndObject();
        json.WriteFinite("allocatedBytesPerTask", tally.AllocatedBytesPerTask);
        json.WriteFinite("satisfaction", Satisfaction ?? double.NaN);
        json.WriteNumber("policies", tally.Policies);
        json.WriteCalibration(Calibration);
        if (Decisions is not null) WriteExpected(json);
        json.WriteStartArray("warnings");
        foreach (string warning in Warnings) json.WriteStringValue(warning);
        json.WriteEndArray();
        if (guarantee is null) json.WriteNull("promise");
        else
        {
            json.WriteStartObject("promise");
            json.WriteFinite("maxLoss", guarantee.MaxLoss);
            json.WriteFinite("confidence", guarantee.Confidence);
            json.WriteBoolean("labelled", guarantee.Labelled);
            json.WriteStartArray("limits");
            foreach (float limit in guarantee.Limits) json.WriteNumberValue(limit);
            json.WriteEndArray();
            json.WriteNumber("tightened", guarantee.Tightened);
            json.WriteNumber("checked", checks.Checked);
            json.WriteNumber("differing", checks.Differing);
            json.WriteFinite("evidence", checks.Evidence);
            json.WriteString("digest", guarantee.Digest);
            json.WriteEndObject();
        }
        json.WriteStartObject("control");
        json.WriteNumber("decisions", control.Decisions);
        json.WriteNumber("learnSteps", control.LearnSteps);
        json.WriteFinite("decideMicros", control.DecideMicrosMedian);
        json.WriteFinite("learnMicros", control.LearnMicros);
        json.WriteFinite("shareOfTaskTime", control.ShareOfTaskTime);
        json.WriteEndObject();
        json.WriteStartArray("faults");
        foreach (string fault in Faults) json.WriteStringValue(fault);
        json.WriteEndArray();
        if (Decisions is { } decisions) DecisionJson.Write(json, decisions);
    });

    void WriteTail(Utf8JsonWriter json)
    {
        if (Tail is not { } tail)
        {
            json.WriteNull("tail");
            return;
        }
        json.WriteStartObject("tail");
        json.WriteString("address", tail.Address.ToString());
        json.WriteString("state", JsonNamingPolicy.CamelCase.ConvertName(tail.Status.State.ToString()));
        // Why it is not used now, else why it was not used most often.
        FallbackReason reason = tail.Status is { State: TailState.Up } ? tally.FallbackReasons.FirstOrDefault().Reason : tail.Status.Reason;
        json.WriteString("reason", reason == FallbackReason.None ? null : RunTally.Key(reason));
        json.WriteString("fault", tail.Status.Fault);
        json.WriteStartObject("fallbacks");
        foreach ((FallbackReason each, long count) in tally.FallbackReasons) json.WriteNumber(RunTally.Key(each), count);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>What the decisions expected of right answers, over all tasks that ran under them; null without a controller that expects
    /// anything.</summary>
    ExpectedAnswers? Expected => Decisions is { } log && Last is not null ? ExpectedAnswers.Of(log) : null;

    void WriteExpected(Utf8JsonWriter json)
    {
        if (Expected is not { } expected)
        {
            json.WriteNull("expected");
            return;
        }
        json.WriteStartObject("expected");
        json.WriteNumber("tasks", expected.Tasks);
        json.WriteFinite("accuracy", expected.Accuracy);
        json.WriteFinite("agreement", expected.Agreement);
        json.WriteEndObject();
    }

    static string Percent(double share) => (100 * share).ToString("0.00", CultureInfo.InvariantCulture) + " %";
}
