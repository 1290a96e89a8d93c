using EdgeML.Native.Models.Manifest;
using EdgeML.Training.Evaluation;

namespace EdgeML.Training.Branching;

/// <summary>The result of a run, and its accuracy.</summary>
/// <param name="Manifest">Of the package.</param>
/// <param name="Heads">By depth.</param>
/// <param name="Judged">Every exit's output for the samples that judge.</param>
/// <param name="Samples">Samples that taught, the held-out ones included.</param>
/// <param name="HeldOut">Samples held out.</param>
/// <param name="Labelled">Whether labels taught.</param>
/// <param name="Features">Time of running the backbone.</param>
/// <param name="Training">Time of training.</param>
/// <param name="Notes">Changes and omissions, one sentence each.</param>
sealed record BranchReport(
    ModelManifest Manifest, IReadOnlyList<TrainedHead> Heads, ExitCalibration Judged, int Samples, int HeldOut, bool Labelled,
    StageTime Features, StageTime Training, IReadOnlyList<string> Notes)
{
    internal ExitCurve Curve { get; } = new(Judged, Manifest);

    /// <summary>Share of the judging samples where an exit names the label, final exit last; null where there are no labels.</summary>
    internal required IReadOnlyList<double>? Accuracies { get; init; }

    /// <summary>Share of the judging samples where an exit agrees with the final one.</summary>
    internal required IReadOnlyList<double> Agreements { get; init; }
}
