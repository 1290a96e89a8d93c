namespace EdgeML.Native.Offload.Wire;

/// <summary>Walks over a header: one map with small integer keys, each at most once, and nothing behind it.</summary>
ref struct HeaderReader
{
    const int MaxKeys = 32;

    /// <summary>Stands at the value of the key last given; it must be read or skipped before the next key.</summary>
    public MessagePackReader Value;

    int _left;
    uint _seen;

    public HeaderReader(ReadOnlySpan<byte> header)
    {
        Value = new MessagePackReader(header);
        _left = Value.ReadMapHeader(MaxKeys);
    }

    public bool NextKey(out int key)
    {
        key = -1;
        if (_left-- == 0)
            return Value.AtEnd ? false : throw new InvalidDataException($"header goes on behind its map at byte {Value.Position}");
        key = Value.ReadInt32(0, MaxKeys - 1);
        if ((_seen & (1u << key)) != 0) throw new InvalidDataException($"key {key} appears twice in a header");
        _seen |= 1u << key;
        return true;
    }

    /// <summary>Whether all of these keys were there.</summary>
    public readonly void Require(uint keys, string frame)
    {
        if ((_seen & keys) != keys)
            throw new InvalidDataException($"{frame} lacks key {System.Numerics.BitOperations.TrailingZeroCount(keys & ~_seen)}");
    }
}
