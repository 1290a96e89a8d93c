namespace EdgeML.Training.Numerics;

/// <summary>Exact binomial tails: what a number of failures says of a rate.</summary>
static class BinomialTail
{
    /// <summary>The probability of at most so many failures.</summary>
    public static double AtMost(int failures, int trials, double rate)
    {
        if (failures < 0) return 0;
        if (failures >= trials) return 1;
        double log = trials * Math.Log(1 - rate), odds = Math.Log(rate) - Math.Log(1 - rate), sum = 0;
        for (int k = 0; k <= failures; k++)
        {
            if (k > 0) log += Math.Log((double)(trials - k + 1) / k) + odds;
            sum += Math.Exp(log);
        }
        return Math.Min(1, sum);
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
    public static double Upper(int failures, int trials, double doubt)
    {
        if (failures >= trials) return 1;
        (double low, double high) = ((double)failures / trials, 1);
        for (int i = 0; i < 60; i++)
        {
            double middle = (low + high) / 2;
            if (AtMost(failures, trials, middle) > doubt) low = middle;
            else high = middle;
        }
        return high;
    }
}
