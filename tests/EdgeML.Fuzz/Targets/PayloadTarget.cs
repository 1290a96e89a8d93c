using EdgeML.Native.Codecs;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Payloads;

namespace EdgeML.Fuzz.Targets;

/// <summary>Payloads of requests: a byte that names the encoding, then a tensor in it. Encodings that lose nothing give the same bytes
/// again.</summary>
static class PayloadTarget
{
    static readonly string[] s_integers = ["uint8", "int8", "uint16", "int16"];

    static readonly LinearBottleneck s_bottleneck = new(
        new TensorPatches(2, 2, 4, 2), [0.5f, 0, 0, 0, 0, 0, 0, -1], [.. Enumerable.Range(0, 24).Select(i => i * 0.25f)],
        [.. Enumerable.Range(0, 24).Select(i => 1 - (i * 0.125f))], [(0f, 2f), (-1f, 1f), (3f, 3f)], [8, 3, 1], rectified: true);

    public static FuzzTarget Target { get; } = new("payloads", "payloads of requests in every encoding", 100_000, Read, Seeds)
    {
        MostBytes = 4097,
        MostAllocated = 256 << 10,
        AllocatedPerByte = 32,
    };

    static bool Read(ReadOnlyMemory<byte> data)
    {
        if (data.Length < 2) return false;
        ReadOnlySpan<byte> payload = data.Span[1..];
        switch (data.Span[0] % 9)
        {
            case 0: return Floats(TensorEncoding.Float32, payload[..(payload.Length / 4 * 4)], payload.Length / 4, isExact: true);
            case 1: return Floats(TensorEncoding.Float16, payload[..(payload.Length / 2 * 2)], payload.Length / 2, isExact: false);
            case 2: return Floats(TensorEncoding.Bytes, payload, payload.Length, isExact: false);
            case 3: return payload.Length > Int8Codec.PrefixBytes && Floats(TensorEncoding.Int8, payload, payload.Length - Int8Codec.PrefixBytes, isExact: false);
            case 4:
                if (payload.Length < s_bottleneck.PayloadBytes) return false;
                var decoded = new float[s_bottleneck.Patches.Elements];
                s_bottleneck.Decode(payload[..s_bottleneck.PayloadBytes], decoded);
                FindException.Require(Array.TrueForAll(decoded, value => value >= 0), "a rectified tensor has negative values");
                return true;
            default: return Integers(s_integers[(data.Span[0] % 9) - 5], payload);
        }
    }

    static bool Floats(TensorEncoding encoding, ReadOnlySpan<byte> payload, int elements, bool isExact)
    {
        if (elements == 0) return false;
        var tensor = new float[elements];
        TensorPayload.Decode(encoding, payload, tensor, 1 / 255f);
        if (encoding == TensorEncoding.Bytes)
        {
            FindException.Require(Array.TrueForAll(tensor, value => value is >= 0 and <= 1.001f), "bytes are outside 0..1");
            return true;
        }
        var again = new byte[payload.Length];
        TensorPayload.Encode(encoding, tensor, again);
        if (isExact) FindException.Require(payload.SequenceEqual(again), $"{encoding} gives other bytes again");
        var twice = new float[elements];
        TensorPayload.Decode(encoding, again, twice, 1);
        // Half a level of the largest value is lost at most, or everything where a value is no number.
        float largest = Array.Exists(tensor, float.IsNaN) ? float.NaN : tensor.Max(Math.Abs);
        if (!float.IsFinite(largest) || largest < 1e-25f) return true;
        for (int i = 0; i < elements; i++)
            FindException.Require(Math.Abs(tensor[i] - twice[i]) <= largest / 250, $"{encoding} reads {tensor[i]} as {twice[i]}, the largest is {largest}");
        return true;
    }

    static bool Integers(string type, ReadOnlySpan<byte> payload)
    {
        var cut = new CutInfo(1, payload.Length, true, "x", type);
        int elements = payload.Length / cut.ElementBytes;
        payload = payload[..(elements * cut.ElementBytes)];
        var tensor = new float[elements];
        QuantisedCodec.Decode(cut, payload, tensor);
        var again = new byte[payload.Length];
        QuantisedCodec.Encode(cut, tensor, again);
        FindException.Require(payload.SequenceEqual(again), $"{type} gives other bytes again");
        return true;
    }

    static IEnumerable<(string, byte[])> Seeds()
    {
        float[] values = [0, 1, -1, 0.5f, 255, 1e-3f, 65504, -65504, float.Epsilon, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26];
        foreach (TensorEncoding encoding in (TensorEncoding[])[TensorEncoding.Float32, TensorEncoding.Float16, TensorEncoding.Int8])
        {
            var payload = new byte[TensorPayload.Bytes(encoding, values.Length)];
            TensorPayload.Encode(encoding, values, payload);
            yield return ($"{encoding}".ToLowerInvariant(), [(byte)(encoding switch { TensorEncoding.Float32 => 0, TensorEncoding.Float16 => 1, _ => 3 }), .. payload]);
        }
        byte[] bytes = [.. Enumerable.Range(0, 40).Select(i => (byte)(i * 7))];
        yield return ("bytes", [2, .. bytes]);
        yield return ("bottleneck", [4, .. bytes]);
        for (byte i = 0; i < s_integers.Length; i++) yield return ($"quantised-{s_integers[i]}", [(byte)(5 + i), .. bytes]);
    }
}
