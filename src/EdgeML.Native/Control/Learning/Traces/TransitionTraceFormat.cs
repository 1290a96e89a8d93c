using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;
using EdgeML.Native.Policies;

namespace EdgeML.Native.Control.Learning.Traces;

/// <summary>The file of a trace, little-endian: a fixed head, the model's hash, the transitions as float32, a checksum.</summary>
/// <remarks>
/// Head: "EMDPTRCE", int32 version, state size, action size, cuts, count, hash bytes; float64 local ms, local joules, latency and energy
/// bound. A transition: state, action, reward, mean exit, mean exit of satisfied tasks (NaN for none), next state. Checksum: FNV-1a of
/// 64 bits.
/// </remarks>
static class TransitionTraceFormat
{
    public const int MaxTransitions = 1_000_000;
    const int Version = 1;
    const int HeadBytes = 8 + (6 * 4) + (4 * 8);
    const int ChecksumBytes = 8;
    const int MaxNumbers = 64;
    const int MaxHashBytes = 256;

    static ReadOnlySpan<byte> Magic => "EMDPTRCE"u8;

    public static void Write(TransitionTrace trace, Stream stream)
    {
        if (trace.Origin is not { } origin || trace.Count == 0) throw new InvalidOperationException("trace holds no transitions");
        byte[] hash = Encoding.UTF8.GetBytes(origin.Model);
        var bytes = new byte[HeadBytes + hash.Length + (4 * trace.Rows.Length) + ChecksumBytes];
        Magic.CopyTo(bytes);
        Span<byte> at = bytes.AsSpan(Magic.Length);
        foreach (int number in (ReadOnlySpan<int>)[Version, origin.StateSize, origin.ActionSize, origin.Cuts, trace.Count, hash.Length])
        {
            BinaryPrimitives.WriteInt32LittleEndian(at, number);
            at = at[4..];
        }
        foreach (double number in (ReadOnlySpan<double>)[origin.LocalMs, origin.LocalJ, origin.Bounds.LatencyMs, origin.Bounds.EnergyJ])
        {
            BinaryPrimitives.WriteDoubleLittleEndian(at, number);
            at = at[8..];
        }
        hash.CopyTo(at);
        at = at[hash.Length..];
        foreach (float number in trace.Rows)
        {
            BinaryPrimitives.WriteSingleLittleEndian(at, number);
            at = at[4..];
        }
        BinaryPrimitives.WriteUInt64LittleEndian(at, Checksum(bytes.AsSpan(0, bytes.Length - ChecksumBytes)));
        stream.Write(bytes);
    }

    public static TransitionTrace Read(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read);
        Span<byte> head = stackalloc byte[HeadBytes];
        if (stream.Length < HeadBytes + ChecksumBytes) throw Bad(path, $"{stream.Length} bytes are no transition trace");
        stream.ReadExactly(head);
        if (!head.StartsWith(Magic)) throw Bad(path, "no transition trace");
        Span<int> numbers = stackalloc int[6];
        for (int i = 0; i < numbers.Length; i++) numbers[i] = BinaryPrimitives.ReadInt32LittleEndian(head[(Magic.Length + (4 * i))..]);
        if (numbers[0] != Version) throw Bad(path, $"version {numbers[0]}, this program reads {Version}");
        (int states, int actions, int cuts, int count, int hashBytes) = (numbers[1], numbers[2], numbers[3], numbers[4], numbers[5]);
        if (states is < StateEncoder.PaperSize or > MaxNumbers || actions is < 2 or > MaxNumbers || cuts is < 1 or > 10_000)
            throw Bad(path, $"{states} state and {actions} action numbers over {cuts} cuts");
        if (count is < 1 or > MaxTransitions) throw Bad(path, $"{count} transitions, 1..{MaxTransitions} are possible");
        if (hashBytes is < 0 or > MaxHashBytes) throw Bad(path, $"model hash of {hashBytes} bytes");
        Span<double> scales = stackalloc double[4];
        for (int i = 0; i < scales.Length; i++)
        {
            scales[i] = BinaryPrimitives.ReadDoubleLittleEndian(head[(Magic.Length + 24 + (8 * i))..]);
            // Only a bound may be infinite.
            if (!(scales[i] > 0) || (i < 2 && double.IsInfinity(scales[i]))) throw Bad(path, $"local cost or bound of {scales[i]}");
        }
        var origin = new TransitionTraceOrigin
        {
            Model = "",
            StateSize = states,
            ActionSize = actions,
            Cuts = cuts,
            LocalMs = scales[0],
            LocalJ = scales[1],
            Bounds = new Requirements(scales[2], scales[3]),
        };
        int stride = TransitionTrace.StrideOf(origin);
        long expected = HeadBytes + hashBytes + (4L * stride * count) + ChecksumBytes;
        if (stream.Length != expected) throw Bad(path, $"{stream.Length} bytes, {count} transitions take {expected}");
        var bytes = new byte[expected];
        stream.Position = 0;
        stream.ReadExactly(bytes);
        ulong checksum = BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(bytes.Length - ChecksumBytes));
        if (Checksum(bytes.AsSpan(0, bytes.Length - ChecksumBytes)) != checksum) throw Bad(path, "checksum differs, the file is damaged");
        var rows = new float[stride * count];
        ReadOnlySpan<byte> at = bytes.AsSpan(HeadBytes + hashBytes);
        for (int i = 0; i < rows.Length; i++)
        {
            rows[i] = BinaryPrimitives.ReadSingleLittleEndian(at[(4 * i)..]);
            if (!IsPossible(rows[i], i % stride, states, actions))
                throw Bad(path, $"transition {i / stride} holds {rows[i]} at place {i % stride}");
        }
        ReadOnlySpan<byte> hash = bytes.AsSpan(HeadBytes, hashBytes);
        if (!Utf8.IsValid(hash)) throw Bad(path, "the model's hash is no text");
        string model = Encoding.UTF8.GetString(hash);
        return new TransitionTrace(origin with { Model = model }, rows);
    }

    static bool IsPossible(float value, int place, int states, int actions)
    {
        int outcome = place - states - actions;
        if (outcome == 2 && float.IsNaN(value)) return true;
        if (!float.IsFinite(value)) return false;
        if (place < states || outcome is 0 or >= 3) return true;
        return outcome < 0 ? value is >= 0 and <= 1 : value is >= 1 and <= ExitPolicy.MaxExits + 1;
    }

    static ulong Checksum(ReadOnlySpan<byte> bytes)
    {
        ulong sum = 14695981039346656037;
        foreach (byte value in bytes) sum = (sum ^ value) * 1099511628211;
        return sum;
    }

    static InvalidDataException Bad(string path, string what) => new($"{path}: {what}");
}
