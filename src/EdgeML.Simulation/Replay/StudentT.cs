namespace EdgeML.Simulation.Replay;

/// <summary>Student's t distribution.</summary>
static class StudentT
{
    /// <summary>The t that a value stays within, on either side of 0, with this probability: 2.042 for 0.95 and 30 degrees of
    /// freedom.</summary>
    /// <param name="probability">Above 0 and below 1.</param>
    /// <param name="degrees">Degrees of freedom, at least 1.</param>
    public static double Within(double probability, int degrees)
    {
        if (!(probability > 0 && probability < 1))
            throw new ArgumentOutOfRangeException(nameof(probability), probability, "a probability is between 0 and 1");
        ArgumentOutOfRangeException.ThrowIfLessThan(degrees, 1);
        return MathNet.Numerics.Distributions.StudentT.InvCDF(0, 1, degrees, (1 + probability) / 2);
    }
}
