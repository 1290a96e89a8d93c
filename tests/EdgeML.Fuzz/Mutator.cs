using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace EdgeML.Fuzz;

/// <summary>Damages inputs by a seed: bits, cuts, copies, integers at their limits, parts of other inputs.</summary>
/// <param name="seed">Equal seeds make equal inputs.</param>
/// <param name="inputs">Undamaged ones.</param>
/// <param name="mostBytes">Longest result.</param>
/// <param name="isText">Whether numbers are written in digits.</param>
sealed class Mutator(int seed, IReadOnlyList<byte[]> inputs, int mostBytes, bool isText)
{
    static readonly ulong[] s_limits =
    [
        0, 1, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x1_0000_0000,
        0x7fff_ffff_ffff_ffff, 0x8000_0000_0000_0000, 0xffff_ffff_ffff_ffff, 0x7f80_0000, 0x7fc0_0000, 0x0000_0001,
    ];

    static readonly string[] s_numbers =
    [
        "0", "1", "-1", "-0", "255", "256", "65536", "2147483647", "2147483648", "-2147483648", "4294967296", "9223372036854775807",
        "9223372036854775808", "1e308", "1e999", "-1e999", "1e-320", "1e-999", "0.1", "NaN", "Infinity", "null", "\"1\"", "[]", "{}", "true",
    ];

    static readonly string[] s_texts = ["\\ud800", "\\u0000", "\n", "\r", ",", ";", "\"", "/", "1/", "\u2028", "\u00e4", "é", "%", "%41", "\t"];

    readonly Random _random = new(seed);

    /// <summary>The next damaged input.</summary>
    public byte[] Next()
    {
        // The longest of three: what AFL++ found is mostly short and refused early.
        byte[] chosen = inputs[_random.Next(inputs.Count)];
        for (int i = 0; i < 2; i++)
            if (inputs[_random.Next(inputs.Count)] is var other && other.Length > chosen.Length) chosen = other;
        var bytes = new List<byte>(chosen);
        for (int edits = 1 << Math.Min(_random.Next(4), _random.Next(4)); edits > 0; edits--) Edit(bytes);
        if (bytes.Count > mostBytes) bytes.RemoveRange(mostBytes, bytes.Count - mostBytes);
        return [.. bytes];
    }

    void Edit(List<byte> bytes)
    {
        if (bytes.Count == 0)
        {
            bytes.Add((byte)_random.Next(256));
            return;
        }
        int at = Place(bytes.Count);
        switch (_random.Next(isText ? 9 : 7))
        {
            case 0: bytes[at] ^= (byte)(1 << _random.Next(8)); break;
            case 1: bytes[at] = (byte)_random.Next(256); break;
            case 2: bytes.RemoveRange(at, Length(bytes.Count - at)); break;
            case 3: bytes.InsertRange(Place(bytes.Count + 1), bytes.GetRange(at, Length(bytes.Count - at))); break;
            case 4: bytes.InsertRange(at, [.. Enumerable.Range(0, _random.Next(1, 5)).Select(_ => (byte)_random.Next(256))]); break;
            case 5: Limit(bytes, at); break;
            case 6: Splice(bytes, at); break;
            case 7: Number(bytes, at); break;
            default: bytes.InsertRange(at, Encoding.UTF8.GetBytes(s_texts[_random.Next(s_texts.Length)])); break;
        }
    }

    /// <summary>Half of all places are near the front, where lengths and counts are.</summary>
    int Place(int count) => _random.Next(2) == 0 ? _random.Next(count) : Math.Min(_random.Next(count), _random.Next(1, 97) - 1);

    int Length(int left) => Math.Min(left, _random.Next(4) == 0 ? _random.Next(1, 257) : _random.Next(1, 9));

    void Limit(List<byte> bytes, int at)
    {
        Span<byte> integer = stackalloc byte[8];
        ulong value = s_limits[_random.Next(s_limits.Length)] + (ulong)(_random.Next(3) - 1);
        int width = 1 << _random.Next(4);
        if (_random.Next(2) == 0) BinaryPrimitives.WriteUInt64LittleEndian(integer, value);
        else
        {
            BinaryPrimitives.WriteUInt64BigEndian(integer, value);
            integer = integer[(8 - width)..];
        }
        for (int i = 0; i < width && at + i < bytes.Count; i++) bytes[at + i] = integer[i];
    }

    void Splice(List<byte> bytes, int at)
    {
        byte[] other = inputs[_random.Next(inputs.Count)];
        if (other.Length == 0) return;
        int from = _random.Next(other.Length);
        if (_random.Next(2) == 0) bytes.RemoveRange(at, bytes.Count - at);
        bytes.InsertRange(at, other.AsSpan(from, _random.Next(1, other.Length - from + 1)).ToArray());
    }

    /// <summary>Another number in place of one.</summary>
    void Number(List<byte> bytes, int at)
    {
        int start = bytes.FindIndex(at, each => each is >= (byte)'0' and <= (byte)'9');
        if (start < 0) return;
        int end = start;
        while (end < bytes.Count && bytes[end] is >= (byte)'0' and <= (byte)'9' or (byte)'.') end++;
        string text = _random.Next(4) == 0
            ? _random.NextInt64().ToString(CultureInfo.InvariantCulture) : s_numbers[_random.Next(s_numbers.Length)];
        bytes.RemoveRange(start, Math.Min(end, bytes.Count) - start);
        bytes.InsertRange(start, Encoding.ASCII.GetBytes(text));
    }
}
