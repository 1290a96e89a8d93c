using EdgeML.Native.Models.Manifest;

namespace EdgeML.Training.Calibration;

/// <summary>A guarantee and how it came about.</summary>
/// <param name="Guarantee">To be saved with the package.</param>
/// <param name="Allowed">Losses the test would have allowed.</param>
/// <param name="PathSamples">Samples that chose the proportion of the limits, and were not tested on.</param>
/// <param name="Saved">Share of the multiply-accumulates that the limits save on the tested samples.</param>
public sealed record GuaranteeOutcome(AccuracyGuarantee Guarantee, int Allowed, int PathSamples, double Saved)
{
    /// <summary>The guarantee and its saving, in one line.</summary>
    public override string ToString() => FormattableString.Invariant(
        $"{Guarantee}; {Guarantee.Losses} lost of {Allowed} allowed, {100 * Saved:0.0} % of the work saved");
}
