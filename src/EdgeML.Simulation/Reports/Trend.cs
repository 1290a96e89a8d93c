using EdgeML.Simulation.Replay;

namespace EdgeML.Simulation.Reports;

/// <summary>The slope of a quantity over time, by least squares, with a 95 % confidence interval.</summary>
/// <param name="Mean">Of all values.</param>
/// <param name="Slope">Per hour.</param>
/// <param name="Margin">Half of the interval's width, per hour; infinite where there are too few values.</param>
/// <param name="Hours">Time that the values span.</param>
sealed record Trend(double Mean, double Slope, double Margin, double Hours)
{
    /// <summary>Growth over the whole time that is none, as a share of the mean.</summary>
    public const double NoGrowth = 0.02;

    const double Confidence = 0.95;

    /// <summary>Whether it grows: the interval lies above 0, and the growth over the whole time is more than <see cref="NoGrowth"/>.</summary>
    public bool IsGrowing => Slope - Margin > 0 && Slope * Hours > NoGrowth * Mean;

    /// <summary>Fits one slope to segments that may each have another level, because something was changed in between.</summary>
    /// <param name="segments">Hours and values; those with fewer than two values are left out.</param>
    public static Trend Of(params IReadOnlyList<IReadOnlyList<(double Hours, double Value)>> segments)
    {
        var used = segments.Where(segment => segment.Count > 1).ToArray();
        double squares = 0, products = 0, sum = 0, hours = 0;
        int count = 0;
        foreach (IReadOnlyList<(double Hours, double Value)> segment in used)
        {
            double meanHours = segment.Average(at => at.Hours), meanValue = segment.Average(at => at.Value);
            squares += segment.Sum(at => (at.Hours - meanHours) * (at.Hours - meanHours));
            products += segment.Sum(at => (at.Hours - meanHours) * (at.Value - meanValue));
            sum += segment.Sum(at => at.Value);
            hours += segment[^1].Hours - segment[0].Hours;
            count += segment.Count;
        }
        int degrees = count - used.Length - 1;
        if (degrees < 1 || squares <= 0) return new Trend(count == 0 ? double.NaN : sum / count, 0, double.PositiveInfinity, hours);
        double slope = products / squares, residual = 0;
        foreach (IReadOnlyList<(double Hours, double Value)> segment in used)
        {
            double meanHours = segment.Average(at => at.Hours), meanValue = segment.Average(at => at.Value);
            residual += segment.Sum(at => Math.Pow(at.Value - meanValue - (slope * (at.Hours - meanHours)), 2));
        }
        return new Trend(sum / count, slope, StudentT.Within(Confidence, degrees) * Math.Sqrt(residual / degrees / squares), hours);
    }
}
