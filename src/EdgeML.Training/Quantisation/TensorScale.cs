namespace EdgeML.Training.Quantisation;

/// <summary>How a tensor's numbers become uint8: number = (integer - <paramref name="Zero"/>) * <paramref name="Scale"/>.</summary>
/// <param name="Scale">Above 0.</param>
/// <param name="Zero">The integer that stands for 0, exactly, as padding needs it.</param>
readonly record struct TensorScale(float Scale, byte Zero)
{
    // Far below it, scales of biases would leave the normal numbers.
    const float LeastScale = 1e-12f;

    internal const int Levels = 255;

    /// <summary>The smallest number that an integer stands for.</summary>
    internal float Low => -Zero * Scale;

    /// <summary>The largest one.</summary>
    internal float High => (Levels - Zero) * Scale;

    /// <summary>For a range, which is widened to hold 0.</summary>
    internal static TensorScale Of(float low, float high)
    {
        (low, high) = (Math.Min(low, 0), Math.Max(high, 0));
        if (low == high) return new TensorScale(1, 0);
        // A division by 255 of each side cannot overflow.
        float scale = Math.Max((high / Levels) - (low / Levels), LeastScale);
        return new TensorScale(scale, (byte)Math.Clamp(MathF.Round(-low / scale), 0, Levels));
    }

    /// <summary>The number that stands for another one after rounding and clipping.</summary>
    internal double Rounded(double value) => (Math.Clamp(Math.Round(value / Scale) + Zero, 0, Levels) - Zero) * Scale;
}
