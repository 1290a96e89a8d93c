using EdgeML.Cli.CommandLine;
using EdgeML.Native.Control.Loop;
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
            $"bounds {usual.Bounds.LatencyMs:0.#} ms and {usual.Bounds.EnergyJ:0.###} J per task, {Saving(scenario)}edge emulated "
            + $"{scenario.EdgeSlowdown:0.0} times slower than this machine");
        ControlCounters control = outcome.Control;
        console.WriteLine(
            $"edgeml decided {control.Decisions} times in {control.DecideMicrosMedian:0.0} us (median), learned {control.LearnSteps} "
            + $"steps of {control.LearnMicros:0} us: {control.ShareOfTaskTime * 100:0.00} % of task time");
    }

    public static void WriteJson(string path, DemoOutcome outcome) =>
        JsonFile.Write(path, DemoJson.Of(outcome), DemoJsonContract.Default.DemoJson);

    static string Saving(DemoScenario scenario) =>
        scenario.BoundsChanges.Select(scenario.PhaseOf).FirstOrDefault() is { } changed
            ? $"from task {changed.FirstTask + 1} for a while {changed.Bounds.EnergyJ:0.###} J; " : "";
}
