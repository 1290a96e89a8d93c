namespace EdgeML.Native.Control.Estimation;

/// <summary>Corrects predicted chances by how they turned out (equation 17 of docs/reference/control.md).</summary>
/// <remarks>
/// One number is added to the log odds: its posterior under a normal prior, by Laplace's approximation one outcome at a time, with a floor
/// under its variance so that it follows changes.
/// </remarks>
sealed class ChanceCorrection
{
    double _logOddsShift;
    double _variance = EstimationDefaults.ChancePriorVariance;

    /// <summary>The corrected chance.</summary>
    public double Corrected(double chance)
    {
        double odds = Math.Clamp(chance, EstimationDefaults.LeastChance, 1 - EstimationDefaults.LeastChance);
        odds = odds / (1 - odds) * Math.Exp(_logOddsShift);
        return odds / (1 + odds);
    }

    /// <summary>Learns how a chance turned out.</summary>
    /// <param name="chance">As predicted.</param>
    /// <param name="good">The outcome.</param>
    public void Observe(double chance, bool good)
    {
        double corrected = Corrected(chance);
        _variance = Math.Max(EstimationDefaults.ChanceLeastVariance, 1 / ((1 / _variance) + (corrected * (1 - corrected))));
        _logOddsShift += _variance * ((good ? 1 : 0) - corrected); // (17)
    }
}
