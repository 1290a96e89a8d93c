using EdgeML.Training.Charts;

namespace EdgeML.Training.Evaluation;

/// <summary>Accuracy against mean work as a standalone picture.</summary>
static class ExitCurveChart
{
    const double Width = 640, Height = 360, Left = 56, Right = 24, Top = 16, Bottom = 44;

    const string Css =
        "svg{background:#fff;font:12px system-ui,sans-serif}text{fill:#60646c}.end{text-anchor:end}.middle{text-anchor:middle}" +
        ".grid{stroke:#e4e4e2}.line{fill:none;stroke:#0b68cb;stroke-width:2}.dot{fill:#0b68cb}.alone{fill:#ca244d}";

    /// <summary>An SVG file: the sweep as a line, each exit alone as a dot.</summary>
    public static string Draw(ExitCurve curve, IReadOnlyList<ExitCurveRow> rows, string title)
    {
        IReadOnlyList<double> alone = curve.ExitAccuracies();
        IReadOnlyList<long> macs = curve.MacsTo();
        double low = Math.Floor(Math.Min(alone.Min(), rows.Min(row => row.Accuracy)) * 20) / 20;
        var x = new LinearScale(0, AxisTicks.RoundUp(macs[^1] / 1e6), Left, Width - Right);
        var y = new LinearScale(Math.Min(low, 0.95), 1, Height - Bottom, Top);
        var canvas = new SvgCanvas(Width, Height, title);
        foreach (double tick in AxisTicks.Between(y.Low, y.High, 6))
        {
            canvas.Line(Left, y[tick], Width - Right, y[tick], "grid");
            canvas.Text(Left - 8, y[tick] + 4, $"{100 * tick:0} %", "end");
        }
        foreach (double tick in AxisTicks.Between(x.Low, x.High, 6)) canvas.Text(x[tick], Height - Bottom + 18, $"{tick:0.#}", "middle");
        canvas.Text((Left + Width - Right) / 2, Height - 8, "mean MMAC of a sample", "middle");
        canvas.Text(Width - Right, Height - Bottom - 40, title, "end");
        canvas.Text(Width - Right, Height - Bottom - 24, "line: one threshold for all exits", "end");
        canvas.Text(Width - Right, Height - Bottom - 8, "red: each exit alone", "end");
        var path = new SvgPath();
        foreach (ExitCurveRow row in rows) path.To(x[row.MeanMacs / 1e6], y[row.Accuracy]);
        canvas.Path(path, "line");
        foreach (ExitCurveRow row in rows)
            canvas.Dot(x[row.MeanMacs / 1e6], y[row.Accuracy], 3, "dot",
                $"threshold {row.Threshold:0.00}: {100 * row.Accuracy:0.0} %, {row.MeanMacs / 1e6:0.0} MMAC");
        for (int i = 0; i < alone.Count; i++)
            canvas.Dot(x[macs[i] / 1e6], y[alone[i]], 4, "alone", $"exit {i + 1} alone: {100 * alone[i]:0.0} %");
        return canvas.ToFile(Css);
    }
}
