using System.Numerics;

namespace EdgeML.Native.Numerics;

/// <summary>xoshiro256**: the same numbers from the same seed on every platform and version, without allocation.</summary>
sealed class SeededRandom
{
    ulong _s0, _s1, _s2, _s3;
    double _spare = double.NaN;

    public SeededRandom(int seed, int stream = 0)
    {
        // splitmix64 spreads neighbouring seeds apart.
        var start = new SplitMix64(((ulong)(uint)stream << 32) | (uint)seed);
        (_s0, _s1, _s2, _s3) = (start.Next(), start.Next(), start.Next(), start.Next());
    }

    ulong Next()
    {
        ulong result = BitOperations.RotateLeft(_s1 * 5, 7) * 9;
        ulong t = _s1 << 17;
        _s2 ^= _s0;
        _s3 ^= _s1;
        _s1 ^= _s2;
        _s0 ^= _s3;
        _s2 ^= t;
        _s3 = BitOperations.RotateLeft(_s3, 45);
        return result;
    }

    /// <summary>Uniform in [0, 1).</summary>
    public double Uniform() => (Next() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Uniform in [low, high).</summary>
    public float Uniform(float low, float high) => low + ((high - low) * (float)Uniform());

    /// <summary>Uniform in 0..count - 1.</summary>
    public int Below(int count) => (int)(((Next() >> 32) * (ulong)count) >> 32);

    /// <summary>Standard normal (polar method).</summary>
    public double Gaussian()
    {
        if (!double.IsNaN(_spare))
        {
            double spare = _spare;
            _spare = double.NaN;
            return spare;
        }
        double x, y, square;
        do
        {
            (x, y) = ((2 * Uniform()) - 1, (2 * Uniform()) - 1);
            square = (x * x) + (y * y);
        }
        while (square is >= 1 or 0);
        double factor = Math.Sqrt(-2 * Math.Log(square) / square);
        _spare = y * factor;
        return x * factor;
    }
}
