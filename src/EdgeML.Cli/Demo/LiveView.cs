using System.Text;
using EdgeML.Native.Control.Costs;
using EdgeML.Native.Control.Loop;
using EdgeML.Native.Control.Planning;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Policies;
using EdgeML.Native.Telemetry;
using EdgeML.Simulation.Scenarios;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace EdgeML.Cli.Demo;

/// <summary>The demo redrawn in place a few times per second.</summary>
sealed class LiveView(IAnsiConsole console) : IDemoView
{
    const string Levels = "▁▂▃▄▅▆▇█";
    // A terminal of 80 columns leaves 63 behind the labels.
    const int Room = 63, Columns = 52, Bar = 24, SmallBar = 10;
    static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(200);

    DemoScenario? _scenario;
    ModelManifest? _manifest;
    IReadOnlyList<RowProgress> _rows = [];

    public void Say(string text) => console.MarkupLineInterpolated($"[grey]{text}[/]");

    public void Begin(DemoScenario scenario, ModelManifest manifest, IReadOnlyList<RowProgress> rows) =>
        (_scenario, _manifest, _rows) = (scenario, manifest, rows);

    public async Task ShowUntilAsync(Task running, int from, int to) =>
        await console.Live(View(from, to)).AutoClear(false).StartAsync(async live =>
        {
            while (await Task.WhenAny(running, Task.Delay(s_pause)).ConfigureAwait(false) != running) live.UpdateTarget(View(from, to));
            live.UpdateTarget(View(from, to));
            await running.ConfigureAwait(false);
        }).ConfigureAwait(false);

    public void End()
    {
    }

    IRenderable View(int from, int to) => to - from == 1 && from == 0 ? Shown(_rows[0]) : Baselines(from, to);

    Table Baselines(int from, int to)
    {
        Table table = new Table().Border(TableBorder.Rounded).Title("[bold]the same tasks, link and tail under other controllers[/]");
        table.AddColumns("controller", "tasks", "satisfied", "goodput");
        for (int i = 0; i < to; i++)
        {
            if (i > 0 && i < from && _rows[i].Done == 0) continue;
            ScenarioRow? row = _rows[i].Judge();
            string name = i == 0 ? $"[bold]{_rows[i].Name}[/]" : _rows[i].Name;
            table.AddRow(name, $"{_rows[i].Done} of {_rows[i].Total}", row is null ? "" : Share(row.Satisfaction, SmallBar),
                row is null ? "" : Share(row.Goodput, SmallBar));
        }
        return table;
    }

    Panel Shown(RowProgress progress)
    {
        ScenarioRow? row = progress.Judge();
        ScenarioPhase phase = _scenario!.PhaseOf(Math.Min(progress.Done, _scenario.Tasks - 1));
        (LinkSnapshot link, ControlCounters control, DecisionExplanation why) = progress.State;
        var grid = new Grid().AddColumn(new GridColumn().Width(10).NoWrap()).AddColumn(new GridColumn());
        grid.AddRow("task",
            $"{progress.Done} of {progress.Total}  [grey]edge emulated {_scenario.EdgeSlowdown:0.0} times slower[/]");
        grid.AddRow("now",
            $"[bold]{Markup.Escape(phase.Name)}[/]: link {phase.Link.RateText}, {phase.Link.RttMs:0} ms"
            + (phase.TailFactor > 1 ? ", tail overloaded" : ""));
        grid.AddRow("bounds", $"{phase.Bounds.LatencyMs:0.0} ms, {phase.Bounds.EnergyJ:0.000} J");
        if (row is not null)
        {
            ScenarioTask last = row.Tasks[^1];
            ExitPolicy policy = last.Record.Policy;
            grid.AddRow("latency", $"{Spark(row)} [grey]{last.Record.LatencyMs,6:0.0} ms[/]");
            grid.AddRow("satisfied", Share(row.Satisfaction) + $"  [grey]energy {row.StateEnergyJ(row.Tasks.Count - 1):0.000} J per task[/]");
            grid.AddRow("exits", Exits(row));
            grid.AddRow("cut",
                Gauge(policy.Cut, _manifest!.LocalCut)
                + (policy.Cut == _manifest.LocalCut ? " local" : $" {policy.Cut} of {_manifest.LocalCut}"));
            grid.AddRow("thresholds", string.Join("  ", policy.Thresholds.ToArray().Select(threshold => threshold.ToString("0.00"))));
            grid.AddRow("link",
                link.Up ? $"{link.RateBitsPerSecond / 1e6:0.00} Mbps, {link.RttMs:0.0} ms, tail {link.TailFactor:0.0}x, "
                    + $"{link.AgeSeconds:0.0} s ago" : "[red]tail out of reach[/]");
            grid.AddRow("control",
                $"{control.Decisions} decisions of {control.DecideMicrosMedian:0.0} µs, {control.LearnSteps} learned, "
                + $"{control.ShareOfTaskTime * 100:0.00} % of task time");
            grid.AddRow("because", Markup.Escape(why.Why));
            grid.AddRow("expected", Estimate(why.Expected));
            grid.AddRow("measured", Measured(row));
        }
        return new Panel(grid).Header("[bold] edgeml demo [/]").RoundedBorder().Expand();
    }

    static string Estimate(in PolicyEstimate of) => double.IsFinite(of.LatencyMs)
        ? $"{of.LatencyMs:0.0} ms, {of.EnergyJ:0.000} J, accuracy {of.Accuracy:0.00}, satisfied {of.Satisfaction:0.00}"
        : "[grey]nothing, this controller has no model[/]";

    /// <summary>The measurements of the last decision that has tasks already.</summary>
    static string Measured(ScenarioRow row)
    {
        (int tasks, double latency, double energy, int right, int satisfied) = (0, 0, 0, 0, 0);
        int decision = row.Tasks[^1].Decision;
        for (int i = row.Tasks.Count - 1; i >= 0 && row.Tasks[i].Decision == decision; i--)
        {
            ScenarioTask task = row.Tasks[i];
            (tasks, latency, energy) = (tasks + 1, latency + task.Record.LatencyMs, energy + task.Record.EnergyJ);
            if (task.Correct) right++;
            if (row.Satisfied(i)) satisfied++;
        }
        return $"{latency / tasks:0.0} ms, {energy / tasks:0.000} J, accuracy {(double)right / tasks:0.00}, satisfied "
            + $"{(double)satisfied / tasks:0.00} [grey]of {tasks} tasks[/]";
    }

    static string Spark(ScenarioRow row)
    {
        var text = new StringBuilder();
        for (int i = Math.Max(0, row.Tasks.Count - Columns); i < row.Tasks.Count; i++)
        {
            double share = row.Tasks[i].Record.LatencyMs / (1.6 * row.Tasks[i].Bounds.LatencyMs);
            char level = Levels[Math.Clamp((int)(share * Levels.Length), 0, Levels.Length - 1)];
            text.Append(row.Satisfied(i) ? $"[green]{level}[/]" : $"[red]{level}[/]");
        }
        return text.ToString();
    }

    string Exits(ScenarioRow row)
    {
        int from = Math.Max(0, row.Tasks.Count - Columns);
        int bar = Math.Clamp((Room / _manifest!.Exits.Count) - 10, 1, 10);
        var text = new StringBuilder();
        for (int exit = 1; exit <= _manifest.Exits.Count; exit++)
        {
            int count = 0;
            for (int i = from; i < row.Tasks.Count; i++)
                if (row.Tasks[i].Record.Exit == exit) count++;
            double share = count / (double)(row.Tasks.Count - from);
            text.Append($"{exit} {Gauge(share, 1, bar)} {share * 100,3:0} %  ");
        }
        return text.ToString();
    }

    static string Share(double share, int bar = Bar)
    {
        string colour = share >= 0.9 ? "green" : share >= 0.7 ? "yellow" : "red";
        return $"[{colour}]{Gauge(share, 1, bar)}[/] {share * 100,5:0.0} %";
    }

    static string Gauge(double value, double full, int bar = Bar) => new string('█', (int)Math.Round(value / full * bar)).PadRight(bar, '░');
}
