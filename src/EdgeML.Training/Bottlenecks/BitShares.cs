namespace EdgeML.Training.Bottlenecks;

/// <summary>Divides bits among components so that the error left is least: each step buys where a bit takes away most.</summary>
static class BitShares
{
    const int LongestStep = 3;

    /// <summary>Bits of every component, 0 for those left out.</summary>
    /// <param name="components">The loss of each by number of bits.</param>
    /// <param name="budget">Bits altogether.</param>
    public static int[] Divide(IReadOnlyList<QuantiserTable> components, int budget)
    {
        var bits = new int[components.Count];
        while (budget > 0)
        {
            (int best, int step, double most) = (-1, 0, 0);
            for (int i = 0; i < bits.Length; i++)
            {
                // The first bit alone may gain little where the second gains much.
                int longest = Math.Min(LongestStep, Math.Min(budget, QuantiserTable.MostBits - bits[i]));
                for (int more = 1; more <= longest; more++)
                {
                    double gain = (components[i].ErrorWith(bits[i]) - components[i].ErrorWith(bits[i] + more)) / more;
                    if (gain > most) (best, step, most) = (i, more, gain);
                }
            }
            if (best < 0) break;
            bits[best] += step;
            budget -= step;
        }
        return bits;
    }
}
