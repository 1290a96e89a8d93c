using System.Buffers.Binary;
using System.Text;

namespace EdgeML.Native.Offload.Wire;

/// <summary>Reads MessagePack values that come from someone else: every length is compared with what is left, every count with a
/// bound, before it is used; nothing is allocated except by <see cref="ReadText"/>.</summary>
/// <exception cref="InvalidDataException">Thrown by every method where the bytes are not the value asked for.</exception>
ref struct MessagePackReader(ReadOnlySpan<byte> source)
{
    const int MaxDepth = 8;

    readonly ReadOnlySpan<byte> _source = source;
    int _position;

    public readonly int Position => _position;

    public readonly bool AtEnd => _position == _source.Length;

    public bool TryReadNil()
    {
        if (Peek() != 0xc0) return false;
        _position++;
        return true;
    }

    public bool ReadBoolean() => Next() switch
    {
        0xc2 => false,
        0xc3 => true,
        byte tag => throw Unexpected(tag, "a boolean"),
    };

    public long ReadInt64()
    {
        byte tag = Next();
        return tag switch
        {
            < 0x80 => tag,
            >= 0xe0 => unchecked((sbyte)tag),
            0xcc => Take(1)[0],
            0xcd => BinaryPrimitives.ReadUInt16BigEndian(Take(2)),
            0xce => BinaryPrimitives.ReadUInt32BigEndian(Take(4)),
            0xcf => BinaryPrimitives.ReadUInt64BigEndian(Take(8)) is <= long.MaxValue and ulong value
                ? (long)value : throw Invalid("integer does not fit 64 bits with sign"),
            0xd0 => unchecked((sbyte)Take(1)[0]),
            0xd1 => BinaryPrimitives.ReadInt16BigEndian(Take(2)),
            0xd2 => BinaryPrimitives.ReadInt32BigEndian(Take(4)),
            0xd3 => BinaryPrimitives.ReadInt64BigEndian(Take(8)),
            _ => throw Unexpected(tag, "an integer"),
        };
    }

    public int ReadInt32(int lowest, int highest)
    {
        long value = ReadInt64();
        return value >= lowest && value <= highest ? (int)value : throw Invalid($"integer {value} is outside {lowest}..{highest}");
    }

    public ulong ReadUInt64()
    {
        if (Peek() != 0xcf) return ReadInt64() is >= 0 and long value ? (ulong)value : throw Invalid("integer is negative");
        _position++;
        return BinaryPrimitives.ReadUInt64BigEndian(Take(8));
    }

    /// <summary>A float of either width, or an integer.</summary>
    public double ReadDouble()
    {
        switch (Peek())
        {
            case 0xca: _position++; return BinaryPrimitives.ReadSingleBigEndian(Take(4));
            case 0xcb: _position++; return BinaryPrimitives.ReadDoubleBigEndian(Take(8));
            default: return ReadInt64();
        }
    }

    public float ReadSingle() => (float)ReadDouble();

    public ReadOnlySpan<byte> ReadUtf8(int maxBytes)
    {
        byte tag = Next();
        long length = tag switch
        {
            >= 0xa0 and < 0xc0 => tag & 0x1f,
            0xd9 => Take(1)[0],
            0xda => BinaryPrimitives.ReadUInt16BigEndian(Take(2)),
            0xdb => BinaryPrimitives.ReadUInt32BigEndian(Take(4)),
            _ => throw Unexpected(tag, "a string"),
        };
        return length <= maxBytes ? Take(length) : throw Invalid($"string of {length} bytes exceeds the limit of {maxBytes}");
    }

    public string ReadText(int maxBytes) => Encoding.UTF8.GetString(ReadUtf8(maxBytes));

    public ReadOnlySpan<byte> ReadBinary(int maxBytes)
    {
        byte tag = Next();
        long length = tag switch
        {
            0xc4 => Take(1)[0],
            0xc5 => BinaryPrimitives.ReadUInt16BigEndian(Take(2)),
            0xc6 => BinaryPrimitives.ReadUInt32BigEndian(Take(4)),
            _ => throw Unexpected(tag, "binary data"),
        };
        return length <= maxBytes ? Take(length) : throw Invalid($"binary data of {length} bytes exceeds the limit of {maxBytes}");
    }

    public int ReadArrayHeader(int maxCount) => ReadContainer(0x90, 0xdc, maxCount, "an array");

    public int ReadMapHeader(int maxCount) => ReadContainer(0x80, 0xde, maxCount, "a map");

    /// <summary>Steps over one value of any type, containers with all they hold.</summary>
    public void Skip() => Skip(MaxDepth);

    void Skip(int depth)
    {
        if (depth == 0) throw Invalid($"values are nested deeper than {MaxDepth}");
        byte tag = Next();
        switch (tag)
        {
            case < 0x80 or >= 0xe0 or 0xc0 or 0xc2 or 0xc3: return;
            case < 0x90: SkipMany(2L * (tag & 0x0f), depth); return;
            case < 0xa0: SkipMany(tag & 0x0f, depth); return;
            case < 0xc0: Take(tag & 0x1f); return;
            case 0xc4 or 0xd9: Take(Take(1)[0]); return;
            case 0xc5 or 0xda: Take(BinaryPrimitives.ReadUInt16BigEndian(Take(2))); return;
            case 0xc6 or 0xdb: Take(BinaryPrimitives.ReadUInt32BigEndian(Take(4))); return;
            case 0xc7: Take(1L + Take(1)[0]); return;
            case 0xc8: Take(1L + BinaryPrimitives.ReadUInt16BigEndian(Take(2))); return;
            case 0xc9: Take(1L + BinaryPrimitives.ReadUInt32BigEndian(Take(4))); return;
            case 0xcc or 0xd0: Take(1); return;
            case 0xcd or 0xd1 or 0xd4: Take(2); return;
            case 0xca or 0xce or 0xd2: Take(4); return;
            case 0xcb or 0xcf or 0xd3: Take(8); return;
            case 0xd5: Take(3); return;
            case 0xd6: Take(5); return;
            case 0xd7: Take(9); return;
            case 0xd8: Take(17); return;
            case 0xdc: SkipMany(BinaryPrimitives.ReadUInt16BigEndian(Take(2)), depth); return;
            case 0xdd: SkipMany(BinaryPrimitives.ReadUInt32BigEndian(Take(4)), depth); return;
            case 0xde: SkipMany(2L * BinaryPrimitives.ReadUInt16BigEndian(Take(2)), depth); return;
            case 0xdf: SkipMany(2L * BinaryPrimitives.ReadUInt32BigEndian(Take(4)), depth); return;
            default: throw Unexpected(tag, "a value");
        }
    }

    void SkipMany(long count, int depth)
    {
        // Every value takes a byte at least, so a count that promises more than is left ends here and not after a long loop.
        if (count > _source.Length - _position) throw Cut();
        for (; count > 0; count--) Skip(depth - 1);
    }

    int ReadContainer(byte small, byte sixteen, int maxCount, string what)
    {
        byte tag = Next();
        long count = (tag & 0xf0) == small ? tag & 0x0f
            : tag == sixteen ? BinaryPrimitives.ReadUInt16BigEndian(Take(2))
            : tag == sixteen + 1 ? BinaryPrimitives.ReadUInt32BigEndian(Take(4))
            : throw Unexpected(tag, what);
        return count <= maxCount ? (int)count : throw Invalid($"{what} of {count} entries exceeds the limit of {maxCount}");
    }

    readonly byte Peek() => _position < _source.Length ? _source[_position] : throw Cut();

    byte Next()
    {
        byte tag = Peek();
        _position++;
        return tag;
    }

    ReadOnlySpan<byte> Take(long bytes)
    {
        if (bytes > _source.Length - _position) throw Cut();
        ReadOnlySpan<byte> taken = _source.Slice(_position, (int)bytes);
        _position += (int)bytes;
        return taken;
    }

    readonly InvalidDataException Cut() => new($"header ends inside a value at byte {_position} of {_source.Length}");

    readonly InvalidDataException Unexpected(byte tag, string what) => Invalid($"tag 0x{tag:x2} is not {what}");

    readonly InvalidDataException Invalid(string message) => new($"header at byte {_position}: {message}");
}
