namespace EdgeML.Native.Numerics;

/// <summary>The standard normal distribution: exact values, and a table of them for decisions.</summary>
static class NormalDistribution
{
    /// <summary>From here on the distribution is 0 or 1 to one part in three million.</summary>
    const double FarDeviations = 5;

    const int CellsPerDeviation = 64;

    /// <summary>From here on the continued fraction needs few terms; below, the series does.</summary>
    const double TailDeviations = 3;

    static readonly double[] s_table = [.. Enumerable.Range(0, (int)(2 * FarDeviations * CellsPerDeviation) + 2)
        .Select(i => Exact(((double)i / CellsPerDeviation) - FarDeviations))];

    /// <summary>The probability of a value below so many standard deviations, to twelve digits, in the tails too.</summary>
    public static double Exact(double deviations)
    {
        if (double.IsNaN(deviations)) return double.NaN;
        double x = Math.Abs(deviations);
        if (x > 38) return deviations > 0 ? 1 : 0;
        double density = Math.Exp(-0.5 * x * x) / Math.Sqrt(2 * Math.PI);
        double above = x < TailDeviations ? 0.5 - (density * BesideTheMean(x)) : density / MillsDenominator(x);
        return deviations > 0 ? 1 - above : above;
    }

    /// <summary>The probability of a value below so many standard deviations: straight lines between exact values, off by at most
    /// 8e-6.</summary>
    /// <param name="deviations">NaN counts as minus infinity.</param>
    public static double Cdf(double deviations)
    {
        if (deviations >= FarDeviations) return 1;
        if (!(deviations > -FarDeviations)) return 0;
        double at = (deviations + FarDeviations) * CellsPerDeviation;
        int cell = (int)at;
        return s_table[cell] + ((at - cell) * (s_table[cell + 1] - s_table[cell]));
    }

    // x + x^3/3 + x^5/(3*5) + ...: times the density, the probability between 0 and x.
    static double BesideTheMean(double x)
    {
        double term = x, sum = x;
        for (int odd = 3; term > 1e-17 * sum; odd += 2)
        {
            term *= x * x / odd;
            sum += term;
        }
        return sum;
    }

    // x + 1/(x + 2/(x + 3/(x + ...))): density over it is the probability above x.
    static double MillsDenominator(double x)
    {
        double value = x;
        for (int i = 200; i >= 1; i--) value = x + (i / value);
        return value;
    }
}
