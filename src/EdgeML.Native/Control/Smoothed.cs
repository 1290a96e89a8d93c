namespace EdgeML.Native.Control;

/// <summary>A running mean that jumps: values close to it are smoothed, one far off (a level change) replaces it at once.</summary>
/// <param name="weight">Share of a new value.</param>
/// <param name="jump">Ratio, above 1, from which on a value counts as a new level; infinite for never.</param>
struct Smoothed(double weight, double jump)
{
    /// <summary>The mean; NaN before the first value.</summary>
    public double Value = double.NaN;

    /// <summary>Takes a positive value.</summary>
    /// <returns>Whether it was a new level.</returns>
    public bool Add(double value)
    {
        if (!(value > 0) || double.IsInfinity(value)) return false;
        if (double.IsNaN(Value))
        {
            Value = value;
            return true;
        }
        double ratio = value / Value;
        if (ratio > jump || ratio * jump < 1)
        {
            Value = value;
            return true;
        }
        Value += weight * (value - Value);
        return false;
    }
}
