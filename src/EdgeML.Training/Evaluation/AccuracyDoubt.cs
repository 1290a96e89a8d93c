using EdgeML.Native.Models.Manifest;
using EdgeML.Training.Numerics;

namespace EdgeML.Training.Evaluation;

/// <summary>Notices answers that are wrong so often that pictures or labels must mean something else than in training.</summary>
static class AccuracyDoubt
{
    /// <summary>Fewer labelled answers say too little.</summary>
    internal const int LeastTasks = 30;

    const double Doubt = 0.05;

    /// <summary>A warning, or null for an accuracy that gives no reason to doubt.</summary>
    /// <param name="model">Of a package.</param>
    /// <param name="calibration">Its exits' outputs for samples; null for none.</param>
    /// <param name="correct">Right answers.</param>
    /// <param name="tasks">Labelled answers.</param>
    /// <param name="exits">Which exits (1..N + 1) answered.</param>
    internal static string? Of(ModelManifest model, ExitCalibration? calibration, long correct, long tasks, IReadOnlyList<int> exits)
    {
        if (tasks < LeastTasks || tasks > int.MaxValue) return null;
        double chance = 1.0 / model.Classes, accuracy = (double)correct / tasks;
        string made = FormattableString.Invariant($"accuracy is {100 * accuracy:0.##} % of {tasks}");
        string? compared = null;
        // No better than guessing: as few wrong answers would be surprising by chance alone no more often than one time in twenty.
        if (BinomialTail.AtMost((int)(tasks - correct), (int)tasks, 1 - chance) > Doubt)
            compared = FormattableString.Invariant($"no better than guessing among {model.Classes} classes ({100 * chance:0.##} %)");
        else if (calibration is { Labelled: true } && exits.Count > 0)
        {
            double expected = exits.Min(exit => Enumerable.Range(0, calibration.Samples).Average(s => calibration.IsCorrect(s, exit) ? 1.0 : 0.0));
            double far = (chance + expected) / 2;
            // Any mix of exits is about as good as the worst of them.
            if (accuracy < far && BinomialTail.AtMost((int)correct, (int)tasks, far) < Doubt)
                compared = FormattableString.Invariant(
                    $"far below the {100 * expected:0.##} % that calibration on {calibration.Source} found for the same exits");
        }
        if (compared is null) return null;
        string how = model.Preprocessing is { } preprocessing ? $" ({preprocessing})" : "";
        return $"{made}, {compared}: preprocessing{how} or the order of the classes may differ from training";
    }
}
