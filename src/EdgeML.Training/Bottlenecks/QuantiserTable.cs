namespace EdgeML.Training.Bottlenecks;

/// <summary>For one component: the range that rounding to 1..8 bits loses least with, and how much that is; measured, since values after a
/// ReLU have long tails.</summary>
sealed class QuantiserTable
{
    /// <summary>The most bits of a component.</summary>
    public const int MostBits = 8;

    static readonly double[] s_cutOff = [0, 0.0005, 0.002, 0.01, 0.03];
    readonly (float Low, float High)[] _ranges = new (float, float)[MostBits + 1];
    readonly double[] _errors = new double[MostBits + 1];

    /// <param name="values">Of the component; sorted in place.</param>
    public QuantiserTable(float[] values)
    {
        Array.Sort(values);
        double square = 0;
        foreach (float value in values) square += (double)value * value;
        _errors[0] = square / values.Length;
        for (int bits = 1; bits <= MostBits; bits++)
        {
            _errors[bits] = double.PositiveInfinity;
            foreach (double share in s_cutOff)
            {
                int skip = (int)(share * values.Length);
                float low = values[skip], high = values[^(skip + 1)];
                double error = Error(values, low, high, bits);
                if (error < _errors[bits]) (_errors[bits], _ranges[bits]) = (error, (low, high));
            }
        }
    }

    /// <summary>Mean square error with so many bits; with 0 the component is left out.</summary>
    public double ErrorWith(int bits) => _errors[bits];

    /// <summary>Lowest and highest level with so many bits.</summary>
    public (float Low, float High) Range(int bits) => _ranges[bits];

    static double Error(float[] values, float low, float high, int bits)
    {
        float step = (high - low) / ((1 << bits) - 1), inverse = step > 0 ? 1 / step : 0;
        double sum = 0;
        foreach (float value in values)
        {
            float level = MathF.Floor(((Math.Clamp(value, low, high) - low) * inverse) + 0.5f);
            double error = low + (level * step) - value;
            sum += error * error;
        }
        return sum / values.Length;
    }
}
