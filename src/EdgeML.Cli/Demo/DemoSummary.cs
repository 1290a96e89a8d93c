using System.Text.Json;
using EdgeML.Cli.CommandLine;
using EdgeML.Cli.Running;
using EdgeML.Native.Control.Loop;
using EdgeML.Native.Policies;
using EdgeML.Simulation.Scenarios;
using Spectre.Console;

namespace EdgeML.Cli.Demo;

/// <summary>The outcome of a demo as a table and as JSON.</summary>
static class DemoSummary
{
    public static void Show(IAnsiConsole console, DemoOutcome outcome)
    {
        DemoScenario scenario = outcome.Report.Scenario;
        var table = new Table().Border(TableBorder.Rounded);
        table.AddColumn("controller");
        foreach (string heading in (ReadOnlySpan<string>)["satisfied", "goodput", "accuracy", "p50 ms", "p99 ms", "J a task", "kB a task",
            "bounds met again after"])
            table.AddColumn(new TableColumn(heading).RightAligned());
        foreach (ScenarioRow row in outcome.Report.Rows)
        {
            string recovery = string.Join(", ",
                scenario.BoundsChanges.Select(change => row.TasksUntilMet(change) is >= 0 and int tasks ? $"{tasks} tasks" : "never"));
            table.AddRow(
                row == outcome.Report.Rows[0] ? $"[bold]{Markup.Escape(row.Name)}[/]" : Markup.Escape(row.Name),
                $"{row.Satisfaction * 100:0.0} %", $"{row.Goodput * 100:0.0} %", $"{row.Accuracy * 100:0.0} %", $"{row.LatencyMs.P50:0.0}",
                    $"{row.LatencyMs.P99:0.0}",
                $"{row.EnergyJ:0.000}", $"{row.BytesPerTask / 1000:0.0}", recovery);
        }
        console.Write(table);
        foreach (ScenarioRow row in outcome.Report.Rows)
            console.WriteLine($"  {row.Name,-11} {outcome.Report.RowNotes[row.Name]}");
        ScenarioPhase usual = scenario.Phases[0];
        console.WriteLine(
            $"bounds {usual.Bounds.LatencyMs:0.#} ms and {usual.Bounds.EnergyJ:0.###} J a task, {Saving(scenario)}edge emulated "
            + $"{scenario.EdgeSlowdown:0.0} times slower than this machine");
        ControlCounters control = outcome.Control;
        console.WriteLine(
            $"edgeml decided {control.Decisions} times in {control.DecideMicrosMedian:0.0} us (median), learned {control.LearnSteps} "
            + $"steps of {control.LearnMicros:0} us: {control.ShareOfTaskTime * 100:0.00} % of task time");
    }

    public static void WriteJson(string path, DemoOutcome outcome) => JsonFile.Write(path, writer =>
    {
        DemoScenario scenario = outcome.Report.Scenario;
        writer.WriteFinite("seconds", outcome.Seconds);
        writer.WriteNumber("tasks", scenario.Tasks);
        writer.WriteNumber("seed", scenario.Seed);
        writer.WriteFinite("edgeSlowdown", scenario.EdgeSlowdown);
        WriteBounds(writer, "bounds", scenario.Phases[0].Bounds);
        writer.WriteStartArray("phases");
        foreach (ScenarioPhase phase in scenario.Phases)
        {
            writer.WriteStartObject();
            writer.WriteString("name", phase.Name);
            writer.WriteNumber("firstTask", phase.FirstTask);
            writer.WriteNumber("tasks", phase.Tasks);
            writer.WriteFinite("mbps", phase.Link.RateBitsPerSecond / 1e6);
            writer.WriteFinite("rttMs", phase.Link.RttMs);
            writer.WriteFinite("tailFactor", phase.TailFactor);
            WriteBounds(writer, "bounds", phase.Bounds);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteStartArray("rows");
        foreach (ScenarioRow row in outcome.Report.Rows) WriteRow(writer, row, scenario, outcome.Report.RowNotes[row.Name]);
        writer.WriteEndArray();
        if (outcome.Report.Decisions is { } decisions) DecisionJson.Write(writer, decisions);
        ControlCounters control = outcome.Control;
        writer.WriteStartObject("control");
        writer.WriteNumber("decisions", control.Decisions);
        writer.WriteNumber("learnSteps", control.LearnSteps);
        writer.WriteFinite("decideMicros", control.DecideMicrosMedian);
        writer.WriteFinite("learnMicros", control.LearnMicros);
        writer.WriteFinite("shareOfTaskTime", control.ShareOfTaskTime);
        writer.WriteEndObject();
    });

    static void WriteRow(Utf8JsonWriter writer, ScenarioRow row, DemoScenario scenario, string note)
    {
        writer.WriteStartObject();
        writer.WriteString("name", row.Name);
        writer.WriteFinite("satisfaction", row.Satisfaction);
        writer.WriteFinite("accuracy", row.Accuracy);
        writer.WriteFinite("goodput", row.Goodput);
        writer.WriteStartObject("latencyMs");
        writer.WriteFinite("mean", row.LatencyMs.Mean);
        writer.WriteFinite("p50", row.LatencyMs.P50);
        writer.WriteFinite("p99", row.LatencyMs.P99);
        writer.WriteFinite("p999", row.LatencyMs.P999);
        writer.WriteEndObject();
        writer.WriteFinite("energyJ", row.EnergyJ);
        writer.WriteFinite("bytesPerTask", row.BytesPerTask);
        writer.WriteStartArray("tasksUntilMet");
        foreach (int change in scenario.BoundsChanges) writer.WriteNumberValue(row.TasksUntilMet(change));
        writer.WriteEndArray();
        writer.WriteStartArray("satisfactionByPhase");
        foreach (ScenarioPhase phase in scenario.Phases)
            writer.WriteNumberValue(
                Math.Round(Enumerable.Range(phase.FirstTask, phase.Tasks).Count(row.Satisfied) / (double)phase.Tasks, 4));
        writer.WriteEndArray();
        writer.WriteString("note", note);
        writer.WriteEndObject();
    }

    static void WriteBounds(Utf8JsonWriter writer, string name, Requirements bounds)
    {
        writer.WriteStartObject(name);
        writer.WriteFinite("latencyMs", bounds.LatencyMs);
        writer.WriteFinite("energyJ", bounds.EnergyJ);
        writer.WriteEndObject();
    }

    static string Saving(DemoScenario scenario) =>
        scenario.BoundsChanges.Select(scenario.PhaseOf).FirstOrDefault() is { } changed
            ? $"from task {changed.FirstTask + 1} for a while {changed.Bounds.EnergyJ:0.###} J; " : "";
}
