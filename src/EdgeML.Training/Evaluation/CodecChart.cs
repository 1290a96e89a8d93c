using EdgeML.Native.Models.Manifest;
using EdgeML.Training.Bottlenecks;
using EdgeML.Training.Charts;

namespace EdgeML.Training.Evaluation;

/// <summary>Points lost against bytes as a picture: a line per cut, from its largest payload to its smallest; trained bottlenecks have a
/// broken one.</summary>
static class CodecChart
{
    const double Width = 640, Height = 360, Left = 56, Right = 96, Top = 16, Bottom = 44, MostLost = 4;

    const string Css =
        "svg{background:#fff;font:12px system-ui,sans-serif}text{fill:#60646c}.end{text-anchor:end}.middle{text-anchor:middle}" +
        ".grid{stroke:#e4e4e2}.line{fill:none;stroke-width:2}.c0{stroke:#0b68cb}.c1{stroke:#ca244d}.c2{stroke:#218358}.c3{stroke:#8e4ec6}" +
        ".c4{stroke:#cc4e00}.trained{stroke-dasharray:5 4}.dot{fill:#60646c}";

    /// <summary>An SVG file. Without labels, shares of differing answers take the place of points lost; rows that lose more than 4 points are
    /// drawn at 4.</summary>
    /// <param name="manifest">The model.</param>
    /// <param name="rows">Measured.</param>
    /// <param name="data">The data of the measurements.</param>
    public static string Draw(ModelManifest manifest, IReadOnlyList<CodecRow> rows, string data)
    {
        List<CodecRow> drawn = [.. rows.Where(row => !row.Codec.StartsWith("components", StringComparison.Ordinal))];
        double low = Math.Floor(Math.Log2(drawn.Min(row => row.Bytes))), high = Math.Ceiling(Math.Log2(drawn.Max(row => row.Bytes)));
        var x = new LinearScale(low, Math.Max(high, low + 1), Left, Width - Right);
        var y = new LinearScale(-0.5, MostLost, Height - Bottom, Top);
        var canvas = new SvgCanvas(Width, Height, $"{manifest.Name}, points lost against bytes");
        foreach (double tick in AxisTicks.Between(0, MostLost, 4))
        {
            canvas.Line(Left, y[tick], Width - Right, y[tick], "grid");
            canvas.Text(Left - 8, y[tick] + 4, FormattableString.Invariant($"{tick:0.#}"), "end");
        }
        for (double tick = low; tick <= high; tick += Math.Ceiling((high - low) / 8))
            canvas.Text(x[tick], Height - Bottom + 18, FormattableString.Invariant($"{Math.Pow(2, tick):0}"), "middle");
        canvas.Text((Left + Width - Right) / 2, Height - 8, $"payload bytes; {data}", "middle");
        canvas.Text(Left + 8, Top + 12, "points lost", "start");
        int number = 0;
        foreach (IGrouping<int, CodecRow> cut in drawn.GroupBy(row => row.Cut))
        {
            string color = $"c{number++ % 5}";
            CodecRow[] plain = [.. cut.Where(row => !IsTrained(row)).OrderByDescending(row => row.Bytes)];
            Line(plain, $"line {color}");
            Line([.. cut.Where(IsTrained).OrderByDescending(row => row.Bytes)], $"line trained {color}");
            CodecRow last = plain.Length > 0 ? plain[^1] : cut.Last();
            canvas.Text(x[Math.Log2(last.Bytes)] + 6, y[Lost(last)] - 6, FormattableString.Invariant($"cut {cut.Key}"), "start");
        }
        return canvas.ToFile(Css);

        void Line(CodecRow[] line, string style)
        {
            if (line.Length == 0) return;
            var path = new SvgPath();
            foreach (CodecRow row in line) path.To(x[Math.Log2(row.Bytes)], y[Lost(row)]);
            canvas.Path(path, style);
            foreach (CodecRow row in line)
            {
                string tip = FormattableString.Invariant(
                    $"cut {row.Cut}, {row.Codec}: {row.Bytes} bytes, {100 * row.Lost:0.00} points lost");
                canvas.Dot(x[Math.Log2(row.Bytes)], y[Lost(row)], 3, "dot", tip);
            }
        }
    }

    static bool IsTrained(CodecRow row) => row.Codec.StartsWith("trained", StringComparison.Ordinal);

    static double Lost(CodecRow row) => Math.Clamp(100 * (double.IsNaN(row.Lost) ? row.Differs : row.Lost), -0.5, MostLost);
}
