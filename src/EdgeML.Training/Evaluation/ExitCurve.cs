using EdgeML.Native.Models.Manifest;

namespace EdgeML.Training.Evaluation;

/// <summary>Accuracy against work: every exit's output for every sample, replayed under a sweep of thresholds.</summary>
public sealed class ExitCurve
{
    readonly ExitCalibration _record;
    readonly ModelManifest _manifest;

    /// <summary>Wraps a record.</summary>
    /// <param name="record">Of every exit on the samples.</param>
    /// <param name="manifest">Of the model that was recorded.</param>
    /// <exception cref="ArgumentException">They differ in the number of exits, or there are no samples.</exception>
    public ExitCurve(ExitCalibration record, ModelManifest manifest)
    {
        if (record.Exits != manifest.Exits.Count)
            throw new ArgumentException($"record of {record.Exits} exits, the model has {manifest.Exits.Count}", nameof(record));
        if (record.Samples == 0) throw new ArgumentException("a record of no samples has no accuracy", nameof(record));
        (_record, _manifest) = (record, manifest);
    }

    /// <summary>Thresholds 0, 0.05 .. 1.</summary>
    public static IReadOnlyList<double> DefaultThresholds { get; } = [.. Enumerable.Range(0, 21).Select(i => i / 20.0)];

    /// <summary>Share of samples each exit alone is right about, the final one last.</summary>
    public IReadOnlyList<double> ExitAccuracies() =>
        [.. Enumerable.Range(1, _record.Exits).Select(exit => Average(sample => _record.IsCorrect(sample, exit) ? 1 : 0))];

    /// <summary>Mean normalised entropy of each exit, the final one last.</summary>
    public IReadOnlyList<double> MeanEntropies() =>
        [.. Enumerable.Range(1, _record.Exits).Select(exit => Average(sample => _record.Entropy(sample, exit)))];

    /// <summary>Multiply-accumulates until each exit has answered, when all heads before it are tried.</summary>
    public IReadOnlyList<long> MacsTo() => MacsTo(triesHeads: true);

    /// <summary>One row a threshold.</summary>
    public IReadOnlyList<ExitCurveRow> Sweep(IEnumerable<double> thresholds) => [.. thresholds.Select(Row)];

    ExitCurveRow Row(double threshold)
    {
        if (!(threshold >= 0 && threshold <= 1)) throw new ArgumentException($"threshold {threshold} is not in 0..1", nameof(threshold));
        // A threshold of 0 leaves the heads out altogether.
        long[] macs = MacsTo(triesHeads: threshold > 0);
        var left = new long[_record.Exits];
        long correct = 0;
        for (int sample = 0; sample < _record.Samples; sample++)
        {
            int exit = 1;
            // NaN compares false and continues, as in the native decision.
            while (exit < _record.Exits && !(_record.Entropy(sample, exit) < threshold)) exit++;
            left[exit - 1]++;
            if (_record.IsCorrect(sample, exit)) correct++;
        }
        double samples = _record.Samples;
        double work = 0;
        for (int i = 0; i < left.Length; i++) work += left[i] / samples * macs[i];
        return new(threshold, correct / samples, work, [.. left.Select(count => count / samples)]);
    }

    long[] MacsTo(bool triesHeads)
    {
        var macs = new long[_record.Exits];
        long heads = 0;
        for (int i = 0; i < macs.Length; i++)
        {
            ExitInfo exit = _manifest.Exits[i];
            if (triesHeads) heads += exit.Macs;
            macs[i] = _manifest.Units.Take(exit.AfterUnit).Sum(unit => unit.Macs) + heads;
        }
        return macs;
    }

    double Average(Func<int, double> value) => Enumerable.Range(0, _record.Samples).Average(value);
}

/// <summary>The result of one threshold, used at every side exit, on a set of samples.</summary>
/// <param name="Threshold">Normalised entropy below which an exit is taken.</param>
/// <param name="Accuracy">Share of right answers, 0..1; agreement with the final exit where the samples have no labels.</param>
/// <param name="MeanMacs">Multiply-accumulates of a sample on average, tried heads included.</param>
/// <param name="Shares">Share of the samples that leave at each exit, the final one last.</param>
public sealed record ExitCurveRow(double Threshold, double Accuracy, double MeanMacs, IReadOnlyList<double> Shares);
