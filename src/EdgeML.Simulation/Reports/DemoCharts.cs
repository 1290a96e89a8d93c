using EdgeML.Native.Policies;
using EdgeML.Simulation.Scenarios;
using EdgeML.Training.Charts;

namespace EdgeML.Simulation.Reports;

/// <summary>The pictures of the demo's report, each one SVG.</summary>
/// <param name="data">What is shown.</param>
/// <param name="narrow">For a telephone's width instead of a desk's.</param>
sealed class DemoCharts(DemoReportData data, bool narrow)
{
    const double LetterWidth = 6.6, LabelHeight = 13;
    readonly TaskFrame _frame = new(data.Scenario, narrow);

    ScenarioRow Shown => data.Rows[0];

    /// <summary>Link rate on a logarithmic scale, tail load and names of the phases.</summary>
    public string Link()
    {
        // Short phases stand close together: a name that would touch the one before goes a line higher.
        Span<double> labelEnds = narrow ? stackalloc double[4] : stackalloc double[2];
        labelEnds.Clear();
        double top = 10 + (LabelHeight * labelEnds.Length), bottom = top + 70;
        var canvas = new SvgCanvas(_frame.Width, bottom + 20, "link rate over tasks");
        var y = new LinearScale(Math.Log10(0.1e6), Math.Log10(30e6), bottom, top);
        _frame.DrawPhases(canvas, top, bottom);
        foreach (double rate in (ReadOnlySpan<double>)[0.3e6, 1e6, 3e6, 15e6])
        {
            canvas.Line(TaskFrame.Left, y[Math.Log10(rate)], _frame.Right, y[Math.Log10(rate)], "grid");
            canvas.Text(TaskFrame.Left - 8, y[Math.Log10(rate)] + 4, $"{rate / 1e6:0.#}", "tick end");
        }
        canvas.Text(TaskFrame.Left - 8, top - 8, "Mbps", "tick end");
        var path = new SvgPath();
        foreach (ScenarioPhase phase in data.Scenario.Phases)
        {
            double level = y[phase.Link.IsOutage ? double.NegativeInfinity : Math.Log10(phase.Link.RateBitsPerSecond)];
            path.StepTo(_frame.X[phase.FirstTask], level).StepTo(_frame.X[phase.End], level);
            double length = phase.Name.Length * LetterWidth;
            double x = _frame.X[phase.FirstTask] + 3;
            bool atEnd = x + length > _frame.Right;
            if (atEnd) x = _frame.Width - length;
            int row = labelEnds.IndexOfAnyInRange(double.NegativeInfinity, x);
            if (row < 0) continue;
            canvas.Text(atEnd ? _frame.Width : x, top - 8 - (LabelHeight * row), phase.Name, atEnd ? "phase end" : "phase");
            labelEnds[row] = x + length + 6;
        }
        canvas.Path(path, "line link");
        _frame.DrawTaskAxis(canvas, bottom + 16);
        return canvas.ToString();
    }

    /// <summary>Latency of every task of the shown row against the bound in force.</summary>
    public string Latency()
    {
        const double top = 10, bottom = 210;
        double bound = data.Scenario.Phases.Max(phase => phase.Bounds.LatencyMs);
        var canvas = new SvgCanvas(_frame.Width, 232, "latency of every task against the bound");
        var y = new LinearScale(0, AxisTicks.RoundUp(bound * 2), bottom, top);
        _frame.DrawPhases(canvas, top, bottom);
        _frame.DrawTicks(canvas, y, 4, tick => $"{tick:0} ms");
        Bound(canvas, y, phase => phase.Bounds.LatencyMs);
        for (int i = 0; i < Shown.Tasks.Count; i++)
        {
            ScenarioTask task = Shown.Tasks[i];
            (double x, double level) = (_frame.Middle(i), y[task.Record.LatencyMs]);
            if (Shown.Satisfied(i)) canvas.Dot(x, level, narrow ? 1.6 : 2.4, "dot met", Describe(i));
            else canvas.Path(RowMarks.Cross(x, level, 3), "missed", Describe(i));
        }
        _frame.DrawTaskAxis(canvas, 228);
        return canvas.ToString();
    }

    /// <summary>Energy of the state interval against the bound in force.</summary>
    public string Energy()
    {
        const double top = 10, bottom = 120;
        double most = data.Scenario.Phases.Max(phase => phase.Bounds.EnergyJ);
        var canvas = new SvgCanvas(_frame.Width, 142, "energy of the state interval against the bound");
        var y = new LinearScale(0, AxisTicks.RoundUp(most * 1.6), bottom, top);
        _frame.DrawPhases(canvas, top, bottom);
        _frame.DrawTicks(canvas, y, 3, tick => $"{tick:0.###} J");
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
        var canvas = new SvgCanvas(_frame.Width, 212, $"share of satisfied tasks among the last {window}");
        var y = new LinearScale(0, 1, bottom, top);
        _frame.DrawPhases(canvas, top, bottom);
        _frame.DrawTicks(canvas, y, 4, tick => $"{tick * 100:0} %");
        for (int r = data.Rows.Count - 1; r >= 0; r--)
        {
            ScenarioRow row = data.Rows[r];
            var path = new SvgPath();
            var marks = new List<SvgPath>();
            int met = 0;
            for (int i = 0; i < row.Tasks.Count; i++)
            {
                if (row.Satisfied(i)) met++;
                if (i >= window && row.Satisfied(i - window)) met--;
                double level = y[met / (double)Math.Min(i + 1, window)];
                path.To(_frame.Middle(i), level);
                // One row after the other, so that marks of lines that lie on each other do not.
                int step = Math.Max(data.Rows.Count, row.Tasks.Count / (narrow ? 4 : 8));
                if (i % step == step * r / data.Rows.Count) marks.Add(RowMarks.Of(r, _frame.Middle(i), level));
            }
            canvas.Path(path, $"line {RowClass(r)}");
            foreach (SvgPath mark in marks) canvas.Path(mark, $"mark {RowClass(r)}");
        }
        _frame.DrawTaskAxis(canvas, 208);
        return canvas.ToString();
    }

    /// <summary>Choices of the shown row and their outcome: exit, cut and thresholds per task.</summary>
    public string Choices()
    {
        const double exitTop = 8, exitHeight = 18, cutTop = 40, cutBottom = 118, thresholdTop = 132, thresholdBottom = 202;
        var canvas = new SvgCanvas(_frame.Width, 224, "exit, cut and thresholds of every task");
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
