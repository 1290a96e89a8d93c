using System.Globalization;

namespace EdgeML.Native.Models.Manifest;

/// <summary>Number and source of the samples that give the exits' accuracy.</summary>
/// <param name="Samples">Inputs that every exit was asked about.</param>
/// <param name="Source">Where they come from.</param>
/// <param name="Labelled">Whether labels judged the answers; otherwise agreement with the whole network did.</param>
/// <param name="Learned">Whether a session learned it from its own tasks.</param>
public sealed record CalibrationInfo(int Samples, string Source, bool Labelled, bool Learned = false)
{
    /// <summary>One line for people about a calibration or its absence.</summary>
    /// <param name="info">Null where there is none.</param>
    public static string Describe(CalibrationInfo? info) => info?.ToString() ?? "not calibrated";

    /// <inheritdoc/>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"calibrated on {Samples} samples of {Source} ({(Labelled ? "labels" : "agreement with the whole network")})");
}
