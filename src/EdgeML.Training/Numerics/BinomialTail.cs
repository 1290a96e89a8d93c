using MathNet.Numerics;
using MathNet.Numerics.Distributions;

namespace EdgeML.Training.Numerics;

/// <summary>Exact binomial tails: bounds on a rate from a number of failures.</summary>
static class BinomialTail
{
    /// <summary>The probability of at most so many failures.</summary>
    public static double AtMost(int failures, int trials, double rate)
    {
        if (failures < 0) return 0;
        if (failures >= trials) return 1;
        return SpecialFunctions.BetaRegularized(trials - failures, failures + 1, 1 - rate);
    }

    /// <summary>The most failures that still rule out a true rate above <paramref name="rate"/>: the largest k with P(X &lt;= k) at most
    /// <paramref name="doubt"/>; -1 where even none says too little.</summary>
    public static int MostAllowed(int trials, double rate, double doubt)
    {
        int allowed = -1;
        while (allowed + 1 < trials && AtMost(allowed + 1, trials, rate) <= doubt) allowed++;
        return allowed;
    }

    /// <summary>The fewest trials that can rule out a rate, by not failing once.</summary>
    public static int FewestTrials(double rate, double doubt) => (int)Math.Ceiling(Math.Log(doubt) / Math.Log(1 - rate));

    /// <summary>Clopper and Pearson's upper bound: the largest rate that so few failures leave possible.</summary>
    public static double Upper(int failures, int trials, double doubt) =>
        failures >= trials ? 1 : Beta.InvCDF(failures + 1, trials - failures, 1 - doubt);
}
