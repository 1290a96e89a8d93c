namespace EdgeML.Simulation.Replay;

/// <summary>Student's t distribution for whole degrees of freedom, by the finite sums of Abramowitz and Stegun, 26.7.3 and
/// 26.7.4.</summary>
static class StudentT
{
    /// <summary>The probability of a value between -t and t.</summary>
    /// <param name="t">Not negative.</param>
    /// <param name="degrees">Degrees of freedom, at least 1.</param>
    public static double Between(double t, int degrees)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(t);
        ArgumentOutOfRangeException.ThrowIfLessThan(degrees, 1);
        double angle = Math.Atan(t / Math.Sqrt(degrees));
        (double sine, double cosine) = Math.SinCos(angle);
        bool odd = degrees % 2 == 1;
        // Every term is the one before, times cos^2 and the next ratio: 2/3, 4/5, ... or 1/2, 3/4, ...
        double term = odd ? cosine : 1, sum = degrees == 1 ? 0 : term;
        for (int i = odd ? 2 : 1; i <= degrees - 3; i += 2)
        {
            term *= cosine * cosine * i / (i + 1);
            sum += term;
            if (term < 1e-18 * sum) break;
        }
        return odd ? 2 / Math.PI * (angle + (sine * sum)) : sine * sum;
    }

    /// <summary>The t that a value stays within, on either side of 0, with this probability: 2.042 for 0.95 and 30 degrees of
    /// freedom.</summary>
    /// <param name="probability">Above 0 and below 1.</param>
    /// <param name="degrees">Degrees of freedom, at least 1.</param>
    public static double Within(double probability, int degrees)
    {
        if (!(probability > 0 && probability < 1))
            throw new ArgumentOutOfRangeException(nameof(probability), probability, "a probability is between 0 and 1");
        double low = 0, high = 1;
        while (Between(high, degrees) < probability) (low, high) = (high, 2 * high);
        // Halving ends where two neighbouring numbers are left.
        while (true)
        {
            double middle = 0.5 * (low + high);
            if (middle <= low || middle >= high) return middle;
            if (Between(middle, degrees) < probability) low = middle;
            else high = middle;
        }
    }
}
