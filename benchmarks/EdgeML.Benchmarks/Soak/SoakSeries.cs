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

    /// <summary>Means and the common slope of two parts of the run.</summary>
    public IEnumerable<(string Line, bool IsGrowing)> Judge((TimeSpan From, TimeSpan To) before, (TimeSpan From, TimeSpan To) after)
    {
        yield return Line("memory, MB", sample => sample.Megabytes);
        yield return Line("handles", sample => sample.Handles);

        (string, bool) Line(string what, Func<(double Hours, double Megabytes, double Handles), double> value)
        {
            (double Hours, double Value)[] first = Part(before), second = Part(after);
            var trend = Trend.Of(first, second);
            (double from, double to) = (Mean(first), Mean(second));
            return (string.Create(
                CultureInfo.InvariantCulture,
                $"| {name}, {what} | {from:0.0} | {to:0.0} | {to - from:+0.0;-0.0;0} | {trend.Slope:+0.00;-0.00;0} ± {trend.Margin:0.00} | {(trend.IsGrowing ? "GROWS" : "flat")} |"),
                trend.IsGrowing);

            (double, double)[] Part((TimeSpan From, TimeSpan To) part) => [.. _samples
                .Where(sample => sample.Hours >= part.From.TotalHours && sample.Hours <= part.To.TotalHours)
                .Select(sample => (sample.Hours, value(sample)))];
        }

        static double Mean((double Hours, double Value)[] part) => part.Select(at => at.Value).DefaultIfEmpty(double.NaN).Average();
    }
}
