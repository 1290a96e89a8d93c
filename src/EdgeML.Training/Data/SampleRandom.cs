using EdgeML.Native.Numerics;

namespace EdgeML.Training.Data;

/// <summary>Random numbers of one sample: a splitmix64 stream that starts from (seed, index), so that any sample can be drawn
/// without drawing those before it, and is the same on every machine.</summary>
struct SampleRandom
{
    SplitMix64 _stream;

    public SampleRandom(ulong seed, ulong index)
    {
        ulong own = SplitMix64.Mix(seed + SplitMix64.Step);
        _stream = new SplitMix64(SplitMix64.Mix(own ^ (index * 0xD1342543DE82EF95UL)));
    }

    /// <summary>64 random bits.</summary>
    public ulong NextBits() => _stream.Next();

    /// <summary>Uniform in [0, 1), 24 bits.</summary>
    public float NextFloat() => (NextBits() >> 40) * (1f / (1 << 24));

    /// <summary>Uniform in [low, high).</summary>
    public float NextFloat(float low, float high) => low + ((high - low) * NextFloat());

    /// <summary>Uniform in 0..bound-1; the bias of the multiplication is below 2^-32 for the bounds in use.</summary>
    public int NextInt(int bound) => (int)(((NextBits() >> 32) * (ulong)bound) >> 32);

    /// <summary>A fair coin.</summary>
    public bool NextBool() => (NextBits() >> 63) != 0;
}
