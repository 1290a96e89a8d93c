using System.Globalization;
using EdgeML.Benchmarks.TailLoad;
using EdgeML.Simulation.Reports;

namespace EdgeML.Benchmarks.Soak;

/// <summary>Memory and handles of a process over the run.</summary>
/// <param name="name">Of the process.</param>
/// <param name="id">Its number.</param>
sealed class SoakSeries(string name, int id)
{
    const double Kilo = 1024;

    readonly List<(double Hours, double Megabytes, double Handles)> _samples = [];

    public (double Megabytes, double Handles) Last => (_samples[^1].Megabytes, _samples[^1].Handles);

    public void Sample(TimeSpan at) =>
        _samples.Add((at.TotalHours, ServerFigures.Memory(id) / Kilo, ServerFigures.Handles(id)));

    /// <summary>Slopes over parts of the run.</summary>
    public IEnumerable<(string Line, bool IsGrowing)> Judge(params (TimeSpan From, TimeSpan To)[] parts)
    {
        Trend memory = Fit(sample => sample.Megabytes), handles = Fit(sample => sample.Handles);
        yield return (Line("memory", "MB", memory), memory.IsGrowing);
        yield return (Line("handles", "", handles), handles.IsGrowing);

        Trend Fit(Func<(double Hours, double Megabytes, double Handles), double> value) => Trend.Of(
            [.. parts.Select(part => (IReadOnlyList<(double, double)>)[.. _samples
                .Where(sample => sample.Hours >= part.From.TotalHours && sample.Hours <= part.To.TotalHours)
                .Select(sample => (sample.Hours, value(sample)))])]);
    }

    string Line(string what, string unit, Trend trend) => string.Create(
        CultureInfo.InvariantCulture, $"| {name}, {what} | {trend.Mean:0.0} {unit} | {trend.Slope:+0.00;-0.00;0} ± {trend.Margin:0.00} {unit} | {(trend.IsGrowing ? "GROWS" : "flat")} |");
}
