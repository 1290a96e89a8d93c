namespace EdgeML.Native.Inference.Profiling;

/// <summary>What a profile says a plan takes, and what it took.</summary>
/// <param name="Start">Units already executed.</param>
/// <param name="Stop">The last unit executed.</param>
/// <param name="Exits">Side exits tried and not taken, from 1.</param>
/// <param name="PredictedMs">The sum of units and heads.</param>
/// <param name="MeasuredMs">Median, with fused ranges.</param>
public sealed record PlanTime(int Start, int Stop, IReadOnlyList<int> Exits, double PredictedMs, double MeasuredMs)
{
    /// <summary>Predicted over measured, minus 1.</summary>
    public double Error => (PredictedMs / MeasuredMs) - 1;
}
