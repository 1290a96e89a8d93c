using System.Buffers;
using System.Buffers.Binary;

namespace EdgeML.Native.Offload.Wire;

/// <summary>Finds prelude and header at the start of the received bytes; knows no socket and waits for nothing.</summary>
static class FrameParser
{
    /// <summary>Reads a frame's prelude and finds its header.</summary>
    /// <returns>False when more bytes are needed; nothing is then consumed.</returns>
    /// <exception cref="InvalidDataException">The bytes are no frame, or a length is above its limit; thrown as soon as the prelude is
    /// there.</exception>
    public static bool TryRead(
        in ReadOnlySequence<byte> buffer, ProtocolLimits limits, out FramePrelude prelude, out ReadOnlySequence<byte> header)
    {
        prelude = default;
        header = default;
        if (buffer.Length < FramePrelude.Bytes) return false;
        Span<byte> copy = stackalloc byte[FramePrelude.Bytes];
        buffer.Slice(0, FramePrelude.Bytes).CopyTo(copy);

        uint magic = BinaryPrimitives.ReadUInt32LittleEndian(copy);
        if (magic != FramePrelude.Magic)
            throw new InvalidDataException($"frame begins with 0x{magic:x8}, not with 0x{FramePrelude.Magic:x8}");
        if (copy[4] != FramePrelude.Version) throw new ProtocolVersionException(copy[4]);
        var kind = (FrameKind)copy[5];
        if (kind is < FrameKind.Hello or > FrameKind.GoAway) throw new InvalidDataException($"frame kind {copy[5]} does not exist");
        int headerBytes = BinaryPrimitives.ReadUInt16LittleEndian(copy[6..]);
        uint payloadBytes = BinaryPrimitives.ReadUInt32LittleEndian(copy[8..]);
        if (headerBytes > limits.MaxHeaderBytes)
            throw new InvalidDataException($"header of {headerBytes} bytes exceeds the limit of {limits.MaxHeaderBytes}");
        if (payloadBytes > (uint)limits.MaxPayloadBytes)
            throw new InvalidDataException($"payload of {payloadBytes} bytes exceeds the limit of {limits.MaxPayloadBytes}");

        if (buffer.Length - FramePrelude.Bytes < headerBytes) return false;
        prelude = new FramePrelude(kind, headerBytes, (int)payloadBytes, BinaryPrimitives.ReadUInt32LittleEndian(copy[12..]));
        header = buffer.Slice(FramePrelude.Bytes, headerBytes);
        return true;
    }
}
