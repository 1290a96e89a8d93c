namespace EdgeML.Training.Data;

/// <summary>Random numbers of one sample: a splitmix64 stream that starts from (seed, index), so that any sample can be drawn
/// without drawing those before it, and is the same on every machine.</summary>
struct SampleRandom
{
    ulong _state;

    public SampleRandom(ulong seed, ulong index)
    {
        _state = Mix(seed + 0x9E3779B97F4A7C15UL);
        _state = Mix(_state ^ (index * 0xD1342543DE82EF95UL));
    }

    /// <summary>64 random bits.</summary>
    public ulong NextBits()
    {
        _state += 0x9E3779B97F4A7C15UL;
        return Mix(_state);
    }

    /// <summary>Uniform in [0, 1), 24 bits.</summary>
    public float NextFloat() => (NextBits() >> 40) * (1f / (1 << 24));

    /// <summary>Uniform in [low, high).</summary>
    public float NextFloat(float low, float high) => low + ((high - low) * NextFloat());

    /// <summary>Uniform in 0..bound-1; the bias of the multiplication is below 2^-32 for the bounds in use.</summary>
    public int NextInt(int bound) => (int)(((NextBits() >> 32) * (ulong)bound) >> 32);

    /// <summary>A fair coin.</summary>
    public bool NextBool() => (NextBits() >> 63) != 0;

    static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }
}
