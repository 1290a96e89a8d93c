using System.Buffers.Binary;

namespace EdgeML.Native.Offload.Wire;

/// <summary>The 16 bytes every frame begins with: magic, version, kind, lengths, checksum; little endian.</summary>
/// <remarks>The CRC-32C covers the first 12 bytes, the header and the payload: TCP's 16-bit sum lets one damaged segment in some ten
/// thousand pass, and a damaged tensor would come back as a confident wrong answer.</remarks>
readonly record struct FramePrelude(FrameKind Kind, int HeaderBytes, int PayloadBytes, uint Checksum)
{
    public const int Bytes = 16;
    public const int ChecksummedBytes = 12;
    public const byte Version = 1;

    /// <summary>"EDML" in the order of the bytes on the wire.</summary>
    public const uint Magic = 0x4c4d4445;

    public static void Write(Span<byte> destination, FrameKind kind, int headerBytes, int payloadBytes)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(destination, Magic);
        destination[4] = Version;
        destination[5] = (byte)kind;
        BinaryPrimitives.WriteUInt16LittleEndian(destination[6..], checked((ushort)headerBytes));
        BinaryPrimitives.WriteInt32LittleEndian(destination[8..], payloadBytes);
    }

    /// <summary>Writes the checksum of a frame that lies in one piece.</summary>
    public static void Seal(Span<byte> frame)
    {
        uint checksum = Crc32C.Append(Crc32C.Append(Crc32C.Start, frame[..ChecksummedBytes]), frame[Bytes..]);
        BinaryPrimitives.WriteUInt32LittleEndian(frame[ChecksummedBytes..], Crc32C.Finish(checksum));
    }
}
