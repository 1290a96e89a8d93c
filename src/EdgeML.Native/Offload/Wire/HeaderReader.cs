using System.Numerics;
using System.Text;
using System.Text.Unicode;
using MessagePack;

namespace EdgeML.Native.Offload.Wire;

/// <summary>Reads a header that comes from a peer: one map with small integer keys, each at most once, and nothing after it.</summary>
/// <remarks>Every length and count is compared with the remaining bytes and with a bound before it is used. Nothing is allocated except by
/// <see cref="ReadText"/> and <see cref="ReadName"/>.</remarks>
ref struct HeaderReader
{
    const int MaxKeys = 32, MaxDepth = 8;

    readonly int _length;
    MessagePackReader _reader;
    int _left;
    uint _seen;

    HeaderReader(ReadOnlyMemory<byte> header)
    {
        _length = header.Length;
        _reader = new MessagePackReader(header);
    }

    /// <summary>Calls <see cref="NextKey"/> until it gives none, and reads or skips the value of each.</summary>
    public delegate T Fields<T>(ref HeaderReader reader);

    /// <summary>Reads a header.</summary>
    /// <exception cref="InvalidDataException">The bytes are no such header.</exception>
    public static T Read<T>(ReadOnlyMemory<byte> header, Fields<T> fields)
    {
        var reader = new HeaderReader(header);
        try
        {
            reader._left = reader.ReadCount(MaxKeys, isMap: true);
            return fields(ref reader);
        }
        catch (EndOfStreamException e)
        {
            throw new InvalidDataException($"header ends inside a value at byte {reader._reader.Consumed} of {header.Length}", e);
        }
        // A length of 2^31 and more is negative to the library, which then asks for a range that cannot be.
        catch (Exception e) when (e is MessagePackSerializationException or OverflowException or ArgumentOutOfRangeException)
        {
            throw new InvalidDataException($"header at byte {reader._reader.Consumed}: {e.Message}", e);
        }
    }

    public bool NextKey(out int key)
    {
        key = -1;
        if (_left-- == 0)
            return _reader.End ? false : throw new InvalidDataException($"header continues after its map at byte {_reader.Consumed}");
        key = ReadInt32(0, MaxKeys - 1);
        if ((_seen & (1u << key)) != 0) throw new InvalidDataException($"key {key} appears twice in a header");
        _seen |= 1u << key;
        return true;
    }

    /// <summary>Whether all of these keys were there.</summary>
    public readonly void Require(uint keys, string frame)
    {
        if ((_seen & keys) != keys) throw new InvalidDataException($"{frame} lacks key {BitOperations.TrailingZeroCount(keys & ~_seen)}");
    }

    public int ReadInt32(int lowest, int highest)
    {
        long value = _reader.ReadInt64();
        return value >= lowest && value <= highest ? (int)value : throw Invalid($"integer {value} is outside {lowest}..{highest}");
    }

    public ulong ReadUInt64() => _reader.ReadUInt64();

    /// <summary>A float of either width, or an integer.</summary>
    public float ReadSingle() =>
        (float)(_reader.NextMessagePackType == MessagePackType.Integer ? _reader.ReadInt64() : _reader.ReadDouble());

    /// <summary>A string for people; bytes that are no text come out as U+FFFD.</summary>
    public string ReadText(int maxBytes) => Encoding.UTF8.GetString(ReadUtf8(maxBytes));

    /// <summary>A string that is compared with others.</summary>
    public string ReadName(int maxBytes)
    {
        ReadOnlySpan<byte> name = ReadUtf8(maxBytes);
        return Utf8.IsValid(name) ? Encoding.UTF8.GetString(name) : throw Invalid("a name is no text");
    }

    public ReadOnlySpan<byte> ReadUtf8(int maxBytes)
    {
        // The only other value that the library takes for a string is nil.
        if (!_reader.TryReadStringSpan(out ReadOnlySpan<byte> text)) throw Invalid("nil is not a string");
        return text.Length <= maxBytes ? text : throw Invalid($"string of {text.Length} bytes exceeds the limit of {maxBytes}");
    }

    public int ReadArrayHeader(int maxCount) => ReadCount(maxCount, isMap: false);

    /// <summary>Steps over one value of any type, containers with all they hold.</summary>
    public void Skip() => Skip(MaxDepth);

    void Skip(int depth)
    {
        if (depth == 0) throw Invalid($"values are nested deeper than {MaxDepth}");
        switch (_reader.NextMessagePackType)
        {
            case MessagePackType.Array: SkipMany(ReadCount(int.MaxValue, isMap: false), depth); break;
            case MessagePackType.Map: SkipMany(2L * ReadCount(int.MaxValue, isMap: true), depth); break;
            default: _reader.Skip(); break;
        }
    }

    void SkipMany(long count, int depth)
    {
        for (; count > 0; count--) Skip(depth - 1);
    }

    int ReadCount(int maxCount, bool isMap)
    {
        // The library compares with the remaining bytes, but counts of 2^31 and more are negative to it.
        int count = isMap ? _reader.ReadMapHeader() : _reader.ReadArrayHeader();
        return (uint)count <= (uint)maxCount ? count
            : throw Invalid($"{(isMap ? "a map" : "an array")} of {(uint)count} entries exceeds the limit of {maxCount}");
    }

    readonly InvalidDataException Invalid(string message) => new($"header at byte {_reader.Consumed}: {message}");
}
