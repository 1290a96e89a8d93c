using EdgeML.Native.Models.Manifest;

namespace EdgeML.Training.Calibration;

/// <summary>Whether guarantees hold: many calibrations on samples drawn with replacement from a pool, each judged on the whole
/// pool.</summary>
public static class GuaranteeCheck
{
    /// <summary>Draws, calibrates and counts.</summary>
    /// <param name="manifest">Of the model recorded.</param>
    /// <param name="pool">The population of inputs, for this check.</param>
    /// <param name="maxLoss">Share of tasks that may be lost.</param>
    /// <param name="confidence">How sure.</param>
    /// <param name="draws">Calibrations.</param>
    /// <param name="size">Samples in each; null for as many as the pool has.</param>
    /// <param name="seed">Of all draws.</param>
    /// <param name="done">Gets the number of draws done.</param>
    /// <param name="cancellation">Ends the check with <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="ArgumentException">Numbers outside their ranges, or too few samples a draw.</exception>
    public static GuaranteeCheckResult Run(
        ModelManifest manifest, ExitCalibration pool, double maxLoss, double confidence, int draws, int? size, int seed,
        Action<int>? done = null, CancellationToken cancellation = default)
    {
        GuaranteeCalibration.CheckBounds(maxLoss, confidence);
        ArgumentOutOfRangeException.ThrowIfLessThan(draws, 1);
        var samples = new ExitSamples(pool, manifest);
        int[] all = [.. Enumerable.Range(0, samples.Count)];
        int[] drawn = new int[size ?? samples.Count];
        var random = new Random(seed);
        (int exceeded, int exceededInside) = (0, 0);
        (double saved, double lost) = (0, 0);
        for (int draw = 0; draw < draws; draw++)
        {
            cancellation.ThrowIfCancellationRequested();
            for (int i = 0; i < drawn.Length; i++) drawn[i] = random.Next(samples.Count);
            GuaranteeFit fit = GuaranteeFit.Find(samples, drawn, maxLoss, confidence);
            (int lostAtLimits, double savedAtLimits) = samples.Measure(all, fit.Limits);
            if (lostAtLimits > maxLoss * samples.Count) exceeded++;
            if (samples.LostInside(all, fit.Limits) > maxLoss * samples.Count) exceededInside++;
            saved += savedAtLimits;
            lost += (double)lostAtLimits / samples.Count;
            done?.Invoke(draw + 1);
        }
        (float[] thresholds, double hindsight) = new HindsightSearch(samples, maxLoss).Find();
        return new GuaranteeCheckResult(
            draws, drawn.Length, (double)exceeded / draws, (double)exceededInside / draws, lost / draws, saved / draws, hindsight,
            thresholds);
    }
}
