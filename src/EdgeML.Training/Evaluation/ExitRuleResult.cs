using EdgeML.Native.Models.Manifest;

namespace EdgeML.Training.Evaluation;

/// <summary>Accuracy against work by one exit rule: the best of many thresholds, each the same for all side exits.</summary>
public sealed class ExitRuleResult
{
    const int Thresholds = 400;

    readonly IReadOnlyList<ExitCurveRow> _rows;

    /// <summary>Replays a record.</summary>
    /// <param name="record">Of every exit on the samples, by the rule.</param>
    /// <param name="manifest">Of the model that was recorded.</param>
    /// <exception cref="ArgumentException">They differ in the number of exits, or there are no samples.</exception>
    public ExitRuleResult(ExitCalibration record, ModelManifest manifest)
    {
        Rule = record.Rule;
        _rows = new ExitCurve(record, manifest).Sweep(ThresholdsOf(record));
        WholeMacs = manifest.Units.Sum(unit => unit.Macs);
    }

    /// <summary>The rule.</summary>
    public ExitRule Rule { get; }

    /// <summary>Multiply-accumulates of the whole network without heads.</summary>
    public double WholeMacs { get; }

    /// <summary>The whole network, which no exit spares anything.</summary>
    public ExitCurveRow Whole => _rows[0];

    /// <summary>The least work that loses no more than so many right answers against the whole network.</summary>
    /// <param name="lost">Share of the samples, for instance 0.005.</param>
    public ExitCurveRow LeastWork(double lost) => _rows.Where(row => row.Accuracy >= Whole.Accuracy - lost - 1e-9).MinBy(row => row.MeanMacs)!;

    /// <summary>The most right answers with no more than so much work; null where no threshold leads to so little.</summary>
    /// <param name="share">Of the whole network's multiply-accumulates.</param>
    public ExitCurveRow? MostRight(double share) =>
        _rows.Where(row => row.MeanMacs <= share * WholeMacs).OrderByDescending(row => row.Accuracy).ThenBy(row => row.MeanMacs).FirstOrDefault();

    /// <summary>Rules differ in how they spread over 0..1: a threshold just above each of so many of the recorded values, and 0 and 1.</summary>
    static IEnumerable<double> ThresholdsOf(ExitCalibration record)
    {
        float[] values =
        [
            .. Enumerable.Range(0, record.Samples)
                .SelectMany(sample => Enumerable.Range(1, record.Exits - 1).Select(exit => record.Entropy(sample, exit)))
                .Where(value => value < 1).Distinct().Order(),
        ];
        IEnumerable<double> chosen = Enumerable.Range(0, Math.Min(Thresholds, values.Length))
            .Select(i => (double)MathF.BitIncrement(values[(int)((long)i * values.Length / Math.Min(Thresholds, values.Length))]));
        return [0, .. chosen, 1];
    }
}
