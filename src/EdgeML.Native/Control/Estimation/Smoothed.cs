namespace EdgeML.Native.Control.Estimation;

/// <summary>A running mean that jumps: values close to it are smoothed, one far off (a level change) replaces it at once.</summary>
/// <param name="weight">Share of a new value.</param>
/// <param name="jump">Ratio, above 1, from which on a value counts as a new level; infinite for never.</param>
/// <param name="prior">The value before the first measurement; NaN for none.</param>
/// <param name="confirms">Whether a value far above is a new level only if the next one is far above, too; then the lower of the two is the level. One
/// outlier is forgotten. A time far below needs no second one: nothing but speed makes a task fast.</param>
struct Smoothed(double weight, double jump, double prior = double.NaN, bool confirms = false)
{
    double _outlier = double.NaN;

    /// <summary>The mean; NaN before the first value.</summary>
    public double Value = double.NaN;

    /// <summary>Takes a positive value.</summary>
    /// <returns>Whether it was a new level.</returns>
    public bool Add(double value)
    {
        if (!(value > 0) || double.IsInfinity(value)) return false;
        double level = double.IsNaN(Value) ? prior : Value;
        double ratio = value / level;
        if (ratio > jump || ratio * jump < 1)
        {
            if (confirms && ratio > 1)
            {
                double before = _outlier;
                _outlier = value;
                if (double.IsNaN(before)) return false;
                value = Math.Min(value, before);
            }
            (_outlier, Value) = (double.NaN, value);
            return true;
        }
        _outlier = double.NaN;
        if (double.IsNaN(Value))
        {
            Value = value;
            return true;
        }
        Value += weight * (value - Value); // (18)
        return false;
    }
}
