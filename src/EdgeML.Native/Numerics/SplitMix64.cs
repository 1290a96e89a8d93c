namespace EdgeML.Native.Numerics;

/// <summary>The generator of Steele, Lea and Flood (2014): a counter in steps of the golden ratio whose every value is mixed. The numbers
/// of the data set "shapes", of replays and of sampled tasks come from it, so they must never change.</summary>
struct SplitMix64(ulong state)
{
    public const ulong Step = 0x9E3779B97F4A7C15;

    ulong _state = state;

    /// <summary>The next 64 bits.</summary>
    public ulong Next() => Mix(_state += Step);

    /// <summary>Spreads a number's bits over all 64.</summary>
    public static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
