using EdgeML.Native.Policies;
using EdgeML.Simulation.Scenarios;
using EdgeML.Training.Charts;

namespace EdgeML.Simulation.Reports;

/// <summary>The pictures of the demo's report, each one SVG.</summary>
sealed class DemoCharts(DemoReportData data)
{
    readonly TaskFrame _frame = new(data.Scenario);

    ScenarioRow Shown => data.Rows[0];

    /// <summary>Link rate on a logarithmic scale, tail load and names of the phases.</summary>
    public string Link()
    {
        const double top = 36, bottom = 106;
        var canvas = new SvgCanvas(TaskFrame.Width, 126, "link rate over tasks");
        var y = new LinearScale(Math.Log10(0.1e6), Math.Log10(30e6), bottom, top);
        _frame.DrawPhases(canvas, top, bottom);
        foreach (double rate in (ReadOnlySpan<double>)[0.3e6, 1e6, 3e6, 15e6])
        {
            canvas.Line(TaskFrame.Left, y[Math.Log10(rate)], TaskFrame.Width - TaskFrame.Right, y[Math.Log10(rate)], "grid");
            canvas.Text(TaskFrame.Left - 8, y[Math.Log10(rate)] + 4, $"{rate / 1e6:0.#}", "tick end");
        }
        canvas.Text(TaskFrame.Left - 8, top - 8, "Mbps", "tick end");
        var path = new SvgPath();
        // Short phases stand close together: a name that would touch the one before goes a line higher.
        Span<double> labelEnds = [double.NegativeInfinity, double.NegativeInfinity];
        foreach (ScenarioPhase phase in data.Scenario.Phases)
        {
            double level = y[phase.Link.IsOutage ? double.NegativeInfinity : Math.Log10(phase.Link.RateBitsPerSecond)];
            path.StepTo(_frame.X[phase.FirstTask], level).StepTo(_frame.X[phase.End], level);
            double x = _frame.X[phase.FirstTask] + 3;
            int row = x >= labelEnds[0] ? 0 : 1;
            if (x < labelEnds[row]) continue;
            canvas.Text(x, top - 8 - (13 * row), phase.Name, "phase");
            labelEnds[row] = x + 6 + (phase.Name.Length * 6.2);
        }
        canvas.Path(path, "line link");
        _frame.DrawTaskAxis(canvas, 122);
        return canvas.ToString();
    }

    /// <summary>Latency of every task of the shown row against the bound in force.</summary>
    public string Latency()
    {
        const double top = 10, bottom = 210;
        double bound = data.Scenario.Phases.Max(phase => phase.Bounds.LatencyMs);
        var canvas = new SvgCanvas(TaskFrame.Width, 232, "latency of every task against the bound");
        var y = new LinearScale(0, AxisTicks.RoundUp(bound * 2), bottom, top);
        _frame.DrawPhases(canvas, top, bottom);
        TaskFrame.DrawTicks(canvas, y, 4, tick => $"{tick:0} ms");
        Bound(canvas, y, phase => phase.Bounds.LatencyMs);
        for (int i = 0; i < Shown.Tasks.Count; i++)
        {
            ScenarioTask task = Shown.Tasks[i];
            string kind = Shown.Satisfied(i) ? "met" : "missed";
            canvas.Dot(_frame.Middle(i), y[task.Record.LatencyMs], 2.4, $"dot {kind}", Describe(i));
        }
        _frame.DrawTaskAxis(canvas, 228);
        return canvas.ToString();
    }

    /// <summary>Energy of the state interval against the bound in force.</summary>
    public string Energy()
    {
        const double top = 10, bottom = 120;
        double most = data.Scenario.Phases.Max(phase => phase.Bounds.EnergyJ);
        var canvas = new SvgCanvas(TaskFrame.Width, 142, "energy of the state interval against the bound");
        var y = new LinearScale(0, AxisTicks.RoundUp(most * 1.6), bottom, top);
        _frame.DrawPhases(canvas, top, bottom);
        TaskFrame.DrawTicks(canvas, y, 3, tick => $"{tick:0.###} J");
        Bound(canvas, y, phase => phase.Bounds.EnergyJ);
        var path = new SvgPath();
        for (int i = 0; i < Shown.Tasks.Count; i++) path.To(_frame.Middle(i), y[Shown.StateEnergyJ(i)]);
        canvas.Path(path, "line shown");
        _frame.DrawTaskAxis(canvas, 138);
        return canvas.ToString();
    }

    /// <summary>Share of satisfied tasks among the last twenty, every row.</summary>
    public string Satisfaction()
    {
        const double top = 10, bottom = 190;
        int window = Math.Min(20, Shown.Tasks.Count);
        var canvas = new SvgCanvas(TaskFrame.Width, 212, $"share of satisfied tasks among the last {window}");
        var y = new LinearScale(0, 1, bottom, top);
        _frame.DrawPhases(canvas, top, bottom);
        TaskFrame.DrawTicks(canvas, y, 4, tick => $"{tick * 100:0} %");
        for (int r = data.Rows.Count - 1; r >= 0; r--)
        {
            ScenarioRow row = data.Rows[r];
            var path = new SvgPath();
            int met = 0;
            for (int i = 0; i < row.Tasks.Count; i++)
            {
                if (row.Satisfied(i)) met++;
                if (i >= window && row.Satisfied(i - window)) met--;
                path.To(_frame.Middle(i), y[met / (double)Math.Min(i + 1, window)]);
            }
            canvas.Path(path, $"line {RowClass(r)}");
        }
        _frame.DrawTaskAxis(canvas, 208);
        return canvas.ToString();
    }

    /// <summary>What the shown row chose and what came of it: exit, cut and thresholds per task.</summary>
    public string Choices()
    {
        const double exitTop = 8, exitHeight = 18, cutTop = 40, cutBottom = 118, thresholdTop = 132, thresholdBottom = 202;
        var canvas = new SvgCanvas(TaskFrame.Width, 224, "exit, cut and thresholds of every task");
        var cut = new LinearScale(0, data.LocalCut, cutBottom, cutTop);
        var threshold = new LinearScale(0, 1, thresholdBottom, thresholdTop);
        _frame.DrawPhases(canvas, exitTop, thresholdBottom);
        canvas.Text(TaskFrame.Left - 8, exitTop + 13, "exit", "tick end");
        canvas.Text(TaskFrame.Left - 8, cutBottom + 4, "cut 0", "tick end");
        canvas.Text(TaskFrame.Left - 8, cutTop + 4, "local", "tick end");
        canvas.Text(TaskFrame.Left - 8, thresholdBottom + 4, "0", "tick end");
        canvas.Text(TaskFrame.Left - 8, thresholdTop + 4, "1", "tick end");
        canvas.Text(TaskFrame.Left - 8, (thresholdTop + thresholdBottom) / 2, "threshold", "tick end");
        for (int i = 0; i < Shown.Tasks.Count; i++)
            canvas.Rect(_frame.X[i], exitTop, _frame.X[i + 1] - _frame.X[i] + 0.2, exitHeight,
                $"exit{ExitShade(Shown.Tasks[i].Record.Exit)}", Describe(i));
        canvas.Path(Steps(i => cut[Shown.Tasks[i].Record.Policy.Cut]), "line shown");
        for (int j = 0; j < data.Exits - 1; j++)
        {
            int exit = j;
            canvas.Path(Steps(i => Shown.Tasks[i].Record.Policy.Thresholds is { } t && exit < t.Length ? threshold[t[exit]] : double.NaN),
                $"line threshold{Math.Min(j + 1, 3)}");
        }
        _frame.DrawTaskAxis(canvas, 220);
        return canvas.ToString();
    }

    /// <summary>Class of a row's line and swatch; the shown one and the oracle stand out.</summary>
    public static string RowClass(int row) => row == 0 ? "shown" : $"row{row}";

    int ExitShade(int exit) => data.Exits <= 4 ? exit : 1 + (int)Math.Round(3.0 * (exit - 1) / (data.Exits - 1));

    SvgPath Steps(Func<int, double> level)
    {
        var path = new SvgPath();
        for (int i = 0; i < Shown.Tasks.Count; i++) path.StepTo(_frame.X[i], level(i));
        return path.StepTo(_frame.X[Shown.Tasks.Count], level(Shown.Tasks.Count - 1));
    }

    void Bound(SvgCanvas canvas, LinearScale y, Func<ScenarioPhase, double> bound)
    {
        var path = new SvgPath();
        foreach (ScenarioPhase phase in data.Scenario.Phases)
            path.StepTo(_frame.X[phase.FirstTask], y[bound(phase)]).StepTo(_frame.X[phase.End], y[bound(phase)]);
        canvas.Path(path, "line bound");
    }

    string Describe(int i)
    {
        ScenarioTask task = Shown.Tasks[i];
        ExitPolicy policy = task.Record.Policy;
        string where = task.Record.Fallback ? "edge after the tail did not answer" : task.Record.Offloaded ? "tail" : "edge";
        return $"task {i + 1}: {task.Record.LatencyMs:0.0} ms, {task.Record.EnergyJ:0.000} J, exit {task.Record.Exit} on the {where}, "
            + $"{(task.Correct ? "right" : "wrong")}; {policy}";
    }
}
