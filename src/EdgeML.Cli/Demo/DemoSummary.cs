using EdgeML.Cli.CommandLine;
using EdgeML.Native.Control.Loop;
using EdgeML.Simulation.Scenarios;

namespace EdgeML.Cli.Demo;

/// <summary>The outcome of a demo as a table and as JSON.</summary>
static class DemoSummary
{
    public static void Show(DemoOutcome outcome)
    {
        DemoScenario scenario = outcome.Report.Scenario;
        TextTable table = new TextTable().Left("controller")
            .Right("satisfied", "goodput", "accuracy", "p50 ms", "p99 ms", "J per task", "kB per task", "new bounds met after");
        foreach (ScenarioRow row in outcome.Report.Rows)
            table.Row(
                row.Name, $"{row.Satisfaction * 100:0.0} %", $"{row.Goodput * 100:0.0} %", $"{row.Accuracy * 100:0.0} %",
                $"{row.LatencyMs.P50:0.0}", $"{row.LatencyMs.P99:0.0}", $"{row.EnergyJ:0.000}", $"{row.BytesPerTask / 1000:0.0}",
                string.Join(", ", scenario.BoundsChanges.Select(change => row.TasksUntilMet(change) is >= 0 and int tasks ? $"{tasks}" : "-")));
        Terminal.Line();
        table.Show();
        Terminal.Line();
        int width = outcome.Report.Rows.Max(row => row.Name.Length);
        foreach (ScenarioRow row in outcome.Report.Rows)
            Terminal.Line($"{row.Name.PadRight(width)}  {outcome.Report.RowNotes[row.Name]}");
        Terminal.Line("new bounds met after so many tasks, counted to the first of five satisfied in a row; - is never");
        Terminal.Line();
        ScenarioPhase usual = scenario.Phases[0];
        Terminal.Line(
            $"bounds   {usual.Bounds.LatencyMs:0.#} ms and {usual.Bounds.EnergyJ:0.###} J per task{Saving(scenario)}");
        Terminal.Line($"edge     emulated, {scenario.EdgeSlowdown:0.0} times slower than this machine");
        ControlCounters control = outcome.Control;
        Terminal.Line(
            $"control  {control.Decisions} decisions of {control.DecideMicrosMedian:0.0} µs (median), {control.LearnSteps} learning steps of "
            + $"{control.LearnMicros:0} µs: {control.ShareOfTaskTime * 100:0.00} % of task time");
    }

    public static void WriteJson(string path, DemoOutcome outcome) =>
        JsonFile.Write(path, DemoJson.Of(outcome), DemoJsonContract.Default.DemoJson);

    static string Saving(DemoScenario scenario) =>
        scenario.BoundsChanges.Select(scenario.PhaseOf).FirstOrDefault() is { } changed
            ? $", from task {changed.FirstTask + 1} for a while {changed.Bounds.EnergyJ:0.###} J" : "";
}
