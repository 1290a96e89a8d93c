namespace EdgeML.Training.Calibration;

/// <summary>The counts of <see cref="GuaranteeCheck"/>.</summary>
/// <param name="Draws">Calibrations.</param>
/// <param name="Size">Samples in each.</param>
/// <param name="Exceeded">Share of the draws whose limits lose more of the pool than guaranteed.</param>
/// <param name="ExceededInside">The same, a sample counted as lost when any exit that fires inside the limits is: no policy loses
/// more.</param>
/// <param name="MeanLost">Share of the pool lost at the limits, mean over draws.</param>
/// <param name="MeanSaved">Share of the multiply-accumulates saved at the limits, mean over draws.</param>
/// <param name="HindsightSaved">Saving of the best thresholds that lose no more of the pool than guaranteed, chosen on the pool
/// itself.</param>
/// <param name="HindsightThresholds">Those thresholds.</param>
public sealed record GuaranteeCheckResult(
    int Draws, int Size, double Exceeded, double ExceededInside, double MeanLost, double MeanSaved, double HindsightSaved,
    IReadOnlyList<float> HindsightThresholds);
