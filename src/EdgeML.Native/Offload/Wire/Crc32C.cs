using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace EdgeML.Native.Offload.Wire;

/// <summary>CRC-32C (Castagnoli), which processors compute eight bytes at a time; 8 KB take about a microsecond.</summary>
static class Crc32C
{
    public const uint Start = uint.MaxValue;

    public static uint Append(uint crc, ReadOnlySpan<byte> data)
    {
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(data);
        foreach (ulong word in words)
            crc = BitOperations.Crc32C(crc, BitConverter.IsLittleEndian ? word : BinaryPrimitives.ReverseEndianness(word));
        foreach (byte single in data[(words.Length * sizeof(ulong))..]) crc = BitOperations.Crc32C(crc, single);
        return crc;
    }

    public static uint Finish(uint crc) => ~crc;
}
