using EdgeML.Native.Models.Manifest;
using EdgeML.Training.Branching;
using EdgeML.Training.Numerics;

namespace EdgeML.Training.Calibration;

/// <summary>Makes the guarantee of a package from recorded samples: Learn-then-Test with an exact binomial test along one path of
/// thresholds.</summary>
public static class GuaranteeCalibration
{
    /// <summary>Finds limits and the rate to test at run time.</summary>
    /// <param name="manifest">Of the model recorded.</param>
    /// <param name="record">Samples as tasks will be; judged by labels or by agreement with the whole network.</param>
    /// <param name="agreement">The same samples judged by agreement; equal to <paramref name="record"/> without labels.</param>
    /// <param name="maxLoss">Share of tasks that may be lost, for instance 0.005.</param>
    /// <param name="confidence">How sure, for instance 0.95.</param>
    /// <param name="seed">Orders the samples; which of them choose and which test is by this chance alone.</param>
    /// <exception cref="ArgumentException">Numbers outside 0..1, records that do not belong together, or too few samples.</exception>
    public static GuaranteeOutcome Guarantee(
        ModelManifest manifest, ExitCalibration record, ExitCalibration agreement, double maxLoss, double confidence, int seed)
    {
        CheckBounds(maxLoss, confidence);
        if (record.Samples != agreement.Samples || agreement.Labelled)
            throw new ArgumentException($"{record.Samples} samples and {agreement.Samples} judged by agreement do not belong together");
        var samples = new ExitSamples(record, manifest);
        int[] rows = [.. Enumerable.Range(0, samples.Count)];
        new Random(seed).Shuffle(rows);
        GuaranteeFit fit = GuaranteeFit.Find(samples, rows, maxLoss, confidence);
        double differs = maxLoss;
        if (record.Labelled)
        {
            int differing = new ExitSamples(agreement, manifest).LostInside(fit.Rows, fit.Limits);
            differs = Math.Max(maxLoss, BinomialTail.Upper(differing, fit.Tested, 1 - confidence));
        }
        var guarantee = new AccuracyGuarantee
        {
            Model = manifest.Hash,
            Rule = manifest.ExitRule,
            MaxLoss = maxLoss,
            Confidence = confidence,
            Labelled = record.Labelled,
            Limits = fit.Limits,
            Tighter = Tighter(samples, fit),
            DiffersAtMost = differs,
            Samples = fit.Tested,
            Losses = fit.Lost,
            Source = record.Source,
        };
        return new GuaranteeOutcome(guarantee, fit.Allowed, samples.Count - fit.Tested, samples.Measure(fit.Rows, fit.Limits).Saved);
    }

    internal static void CheckBounds(double maxLoss, double confidence)
    {
        if (!(maxLoss > 0 && maxLoss < 1)) throw new ArgumentException($"a share of {maxLoss} lost is not in 0..1");
        if (!(confidence > 0 && confidence < 1)) throw new ArgumentException($"a confidence of {confidence} is not in 0..1");
    }

    /// <summary>Points of the path with half of the losses each time.</summary>
    static List<IReadOnlyList<float>> Tighter(ExitSamples samples, GuaranteeFit fit)
    {
        var steps = new List<IReadOnlyList<float>>();
        IReadOnlyList<float> last = fit.Limits;
        for (int allowed = fit.Allowed / 2; ; allowed /= 2)
        {
            float[] limits = fit.Path.Limits(samples, fit.Rows, allowed);
            if (limits.Any(limit => limit > 0) && !limits.SequenceEqual(last)) steps.Add(limits);
            last = limits;
            if (allowed == 0) return steps;
        }
    }
}
