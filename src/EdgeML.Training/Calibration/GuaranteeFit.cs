using EdgeML.Training.Numerics;

namespace EdgeML.Training.Calibration;

/// <summary>Limits that keep a guarantee, found on one draw of samples.</summary>
/// <remarks>
/// A part of the samples chooses the path (the proportion of the thresholds) that saves most; the rest, which has had no say in
/// it, is used once, to find how far along the path one may go. Losses inside the limits only grow along a path. So the farthest point at
/// which an exact binomial test still rules out a larger loss is safe with the guaranteed confidence, however many points lie before it:
/// fixed-sequence testing with nothing to correct for.
/// </remarks>
/// <param name="Limits">Largest threshold of each side exit.</param>
/// <param name="Path">The path they lie on.</param>
/// <param name="Tested">Samples of the second part.</param>
/// <param name="Lost">Of them, lost at the limits.</param>
/// <param name="Allowed">The most that may be.</param>
/// <param name="Rows">The second part's samples.</param>
sealed record GuaranteeFit(float[] Limits, ThresholdPath Path, int Tested, int Lost, int Allowed, int[] Rows)
{
    /// <summary>Share of the samples that choose the path.</summary>
    public const double PathShare = 0.25;

    /// <summary>Fits a draw.</summary>
    /// <param name="samples">The samples to draw from.</param>
    /// <param name="drawn">Rows in random order.</param>
    /// <param name="maxLoss">Share of tasks that may be lost.</param>
    /// <param name="confidence">How sure.</param>
    /// <exception cref="ArgumentException">Too few samples for such a guarantee.</exception>
    public static GuaranteeFit Find(ExitSamples samples, ReadOnlySpan<int> drawn, double maxLoss, double confidence)
    {
        double doubt = 1 - confidence;
        int forPath = (int)(PathShare * drawn.Length), tested = drawn.Length - forPath;
        int allowed = BinomialTail.MostAllowed(tested, maxLoss, doubt);
        if (allowed < 0)
        {
            int trials = BinomialTail.FewestTrials(maxLoss, doubt), fewest = trials;
            while (fewest - (int)(PathShare * fewest) < trials) fewest++;
            throw new ArgumentException(FormattableString.Invariant(
                $"{drawn.Length} samples cannot promise at most {100 * maxLoss:0.###} points lost at {100 * confidence:0.###} %, at least {fewest} are needed"));
        }
        ReadOnlySpan<int> chooser = drawn[..forPath], tester = drawn[forPath..];
        ThresholdPath path = Choose(samples, chooser, (double)allowed / tested);
        float[] limits = path.Limits(samples, tester, allowed);
        return new GuaranteeFit(limits, path, tested, samples.LostInside(tester, limits), allowed, tester.ToArray());
    }

    static ThresholdPath Choose(ExitSamples samples, ReadOnlySpan<int> rows, double rate)
    {
        int around = (int)Math.Round(rate * rows.Length);
        (ThresholdPath? best, double most) = (null, double.NegativeInfinity);
        foreach (ThresholdPath path in ThresholdPath.Starts(samples.SideExits))
        {
            double saved = Saved(samples, rows, path, around);
            if (saved > most) (best, most) = (path, saved);
        }
        if (samples.SideExits <= 4) return best!;
        for (int sweep = 0; sweep < 2; sweep++)
        {
            for (int exit = 0; exit < samples.SideExits; exit++)
            {
                foreach (ThresholdPath path in best!.Neighbours(exit).ToArray())
                {
                    double saved = Saved(samples, rows, path, around);
                    if (saved > most) (best, most) = (path, saved);
                }
            }
        }
        return best!;
    }

    /// <summary>Saving of a path, averaged over losses around the target, because one count of a few samples is mostly
    /// chance.</summary>
    static double Saved(ExitSamples samples, ReadOnlySpan<int> rows, ThresholdPath path, int around)
    {
        double sum = 0;
        int low = around / 2, high = (2 * around) + 1;
        int step = Math.Max(1, (high - low) / 4), points = 0;
        for (int allowed = low; allowed <= high; allowed += step, points++)
            sum += samples.Measure(rows, path.Limits(samples, rows, allowed)).Saved;
        return sum / points;
    }
}
