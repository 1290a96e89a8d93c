using EdgeML.Simulation.Scenarios;
using EdgeML.Training.Charts;

namespace EdgeML.Simulation.Reports;

/// <summary>The frame of every chart over tasks: the same horizontal scale, shaded phases in the background, the same margins.</summary>
/// <param name="scenario">What was run.</param>
/// <param name="narrow">For a telephone's width instead of a desk's.</param>
sealed class TaskFrame(DemoScenario scenario, bool narrow)
{
    public const double Left = 64;
    const double RightMargin = 12;

    /// <summary>Of a chart with its margins, in pixels where the page is as wide as it gets.</summary>
    public double Width { get; } = narrow ? 360 : 960;

    /// <summary>Right end of the scale.</summary>
    public double Right => Width - RightMargin;

    /// <summary>From a task's index to its left edge.</summary>
    public LinearScale X { get; } = new(0, scenario.Tasks, Left, (narrow ? 360 : 960) - RightMargin);

    /// <summary>Middle of a task.</summary>
    public double Middle(int task) => X[task + 0.5];

    /// <summary>Bands of the phases, darker where the link is worse, and a line where the bounds change.</summary>
    public void DrawPhases(SvgCanvas canvas, double top, double bottom)
    {
        foreach (ScenarioPhase phase in scenario.Phases)
            canvas.Rect(X[phase.FirstTask], top, X[phase.End] - X[phase.FirstTask], bottom - top, BandClass(phase), Describe(phase));
        foreach (int change in scenario.BoundsChanges) canvas.Line(X[change], top, X[change], bottom, "change");
    }

    /// <summary>Horizontal grid lines with numbers.</summary>
    public void DrawTicks(SvgCanvas canvas, LinearScale y, int wanted, Func<double, string> text)
    {
        foreach (double tick in AxisTicks.Between(y.Low, y.High, wanted))
        {
            canvas.Line(Left, y[tick], Right, y[tick], "grid");
            canvas.Text(Left - 8, y[tick] + 4, text(tick), "tick end");
        }
    }

    /// <summary>Task numbers under a chart.</summary>
    public void DrawTaskAxis(SvgCanvas canvas, double y)
    {
        foreach (double tick in AxisTicks.Between(0, scenario.Tasks, narrow ? 4 : 8)) canvas.Text(X[tick], y, tick.ToString("0"), "tick middle");
    }

    /// <summary>Conditions of a phase in one line.</summary>
    public static string Describe(ScenarioPhase phase) =>
        $"tasks {phase.FirstTask + 1}..{phase.End}: {phase.Name}; link {phase.Link.RateText}, round trip {phase.Link.RttMs:0} ms, tail "
        + $"{phase.TailFactor:0.#}x, "
        + $"bounds {phase.Bounds.LatencyMs:0} ms and {phase.Bounds.EnergyJ:0.###} J";

    static string BandClass(ScenarioPhase phase) =>
        phase.Link.IsOutage ? "band outage" : phase.Link.RateBitsPerSecond < 1e6 ? "band poor" : phase.TailFactor > 1 ? "band busy"
        : phase.Link.RateBitsPerSecond < 8e6 ? "band fair" : "band good";
}
