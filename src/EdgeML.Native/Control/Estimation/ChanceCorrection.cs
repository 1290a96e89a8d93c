namespace EdgeML.Native.Control.Estimation;

/// <summary>Corrects predicted chances by how they turned out: whoever is right more often than said is believed more.</summary>
/// <remarks>
/// One number is added to the log odds: its posterior under a normal prior, by Laplace's approximation one outcome at a time, with a floor
/// under its variance so that it follows what changes.
/// </remarks>
sealed class ChanceCorrection
{
    const double PriorVariance = 0.3, LeastVariance = 0.05;

    /// <summary>Nothing is certain enough to learn nothing from.</summary>
    const double LeastChance = 0.02;

    double _shift;
    double _variance = PriorVariance;

    /// <summary>The chance as experience has it.</summary>
    public double Corrected(double chance)
    {
        double odds = Math.Clamp(chance, LeastChance, 1 - LeastChance);
        odds = odds / (1 - odds) * Math.Exp(_shift);
        return odds / (1 + odds);
    }

    /// <summary>Learns how a chance turned out.</summary>
    /// <param name="chance">As predicted.</param>
    /// <param name="good">The outcome.</param>
    public void Observe(double chance, bool good)
    {
        double corrected = Corrected(chance);
        _variance = Math.Max(LeastVariance, 1 / ((1 / _variance) + (corrected * (1 - corrected))));
        _shift += _variance * ((good ? 1 : 0) - corrected);
    }
}
