namespace EdgeML.Training.Charts;

/// <summary>Maps values to pixels; values outside the range are drawn at its edge.</summary>
readonly record struct LinearScale(double Low, double High, double PixelLow, double PixelHigh)
{
    /// <summary>The pixel of a value, clamped.</summary>
    public double this[double value]
    {
        get
        {
            double share = (value - Low) / (High - Low);
            return PixelLow + ((PixelHigh - PixelLow) * Math.Clamp(double.IsNaN(share) ? 0 : share, 0, 1));
        }
    }
}
