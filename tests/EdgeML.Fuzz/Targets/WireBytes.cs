using System.Buffers.Binary;
using System.Net;
using EdgeML.Native.Offload.Transport;
using EdgeML.Native.Offload.Wire;
using EdgeML.Server.Transport;

namespace EdgeML.Fuzz.Targets;

/// <summary>The input of targets that read frames: a byte of choices, then the bytes of a peer.</summary>
/// <remarks>Bit 0: checksums stay as they are; otherwise they are made right, so that damage gets past them. Bits 1 to 3: the size of the
/// pieces that arrive. Bits 4 and up are the target's.</remarks>
readonly struct WireBytes
{
    public WireBytes(ReadOnlyMemory<byte> data)
    {
        Choices = data.IsEmpty ? (byte)0 : data.Span[0];
        Bytes = data.IsEmpty ? [] : data[1..].ToArray();
        if ((Choices & 1) == 0) Mend(Bytes);
    }

    public byte Choices { get; }

    /// <summary>With right checksums where they are wanted.</summary>
    public byte[] Bytes { get; }

    /// <summary>Bytes that arrive at once.</summary>
    public int Piece => ((Choices >> 1) & 7) switch { 0 => int.MaxValue, 1 => 1, 2 => 3, 3 => 16, 4 => 17, 5 => 64, 6 => 300, _ => 4096 };

    /// <summary>The frames, as far as lengths and bytes make some: kind, header, payload.</summary>
    public static IEnumerable<(FrameKind Kind, ReadOnlyMemory<byte> Header, ReadOnlyMemory<byte> Payload)> Frames(ReadOnlyMemory<byte> bytes)
    {
        while (TryMeasure(bytes.Span, out int header, out int payload))
        {
            yield return ((FrameKind)bytes.Span[5], bytes.Slice(FramePrelude.Bytes, header), bytes.Slice(FramePrelude.Bytes + header, payload));
            bytes = bytes[(FramePrelude.Bytes + header + payload)..];
        }
    }

    static void Mend(Span<byte> bytes)
    {
        while (TryMeasure(bytes, out int header, out int payload))
        {
            FramePrelude.Seal(bytes[..(FramePrelude.Bytes + header + payload)]);
            bytes = bytes[(FramePrelude.Bytes + header + payload)..];
        }
    }

    static bool TryMeasure(ReadOnlySpan<byte> bytes, out int header, out int payload)
    {
        (header, payload) = (0, 0);
        if (bytes.Length < FramePrelude.Bytes) return false;
        header = BinaryPrimitives.ReadUInt16LittleEndian(bytes[6..]);
        uint claimed = BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]);
        if (claimed > (uint)bytes.Length || FramePrelude.Bytes + header + (long)claimed > bytes.Length) return false;
        payload = (int)claimed;
        return true;
    }
}

/// <summary>Bytes that arrive in pieces, and the end; keeps what is sent. More calls than bytes can explain are a find.</summary>
sealed class PieceTransport(byte[] bytes, int piece) : ITransport
{
    const int CallsBeyondBytes = 10_000;

    int _at;
    int _calls;

    public List<byte> Sent { get; } = [];

    public int Receive(Span<byte> destination, int timeoutMs)
    {
        FindException.Require(++_calls <= bytes.Length + CallsBeyondBytes, $"{_calls} receive calls for {bytes.Length} bytes");
        int count = Math.Min(Math.Min(piece, destination.Length), bytes.Length - _at);
        bytes.AsSpan(_at, count).CopyTo(destination);
        _at += count;
        return count;
    }

    public int Send(ReadOnlySpan<byte> source)
    {
        Sent.AddRange(source);
        return source.Length;
    }

    public bool WaitWritable(int timeoutMs) => true;

    public bool HasArrivals => _at < bytes.Length;

    public void EndReceive()
    {
    }

    public void EndSend()
    {
    }

    public void Abort()
    {
    }

    public void Dispose()
    {
    }
}

/// <summary>The same for a server.</summary>
sealed class PieceStream(PieceTransport transport) : ClientStream
{
    public override EndPoint? Remote => null;

    public override bool HasArrivals => transport.HasArrivals;

    public override ValueTask WaitAsync() => ValueTask.CompletedTask;

    public override ValueTask<int> ReceiveAsync(Memory<byte> destination) => new(transport.Receive(destination.Span, Timeout.Infinite));

    public override int TrySend(ReadOnlySpan<byte> source)
    {
        lock (transport) return transport.Send(source);
    }

    public override ValueTask SendAsync(ReadOnlyMemory<byte> source)
    {
        TrySend(source.Span);
        return ValueTask.CompletedTask;
    }

    public override void EndReceive()
    {
    }

    public override void EndSend()
    {
    }

    public override void Abort()
    {
    }

    protected override void Dispose(bool disposing)
    {
    }
}
