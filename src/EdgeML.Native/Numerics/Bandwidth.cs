namespace EdgeML.Native.Numerics;

/// <summary>Between the bytes, the milliseconds and the bits per second of a transfer.</summary>
static class Bandwidth
{
    /// <summary>Bits per byte times milliseconds per second.</summary>
    const double BitMillisecondsPerByteSecond = 8000;

    /// <summary>How long bytes take at a rate.</summary>
    public static double Milliseconds(double bytes, double bitsPerSecond) => BitMillisecondsPerByteSecond * bytes / bitsPerSecond;

    /// <summary>The rate at which bytes take so long.</summary>
    public static double BitsPerSecond(double bytes, double milliseconds) => BitMillisecondsPerByteSecond * bytes / milliseconds;
}
