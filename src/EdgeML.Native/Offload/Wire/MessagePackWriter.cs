using System.Buffers.Binary;
using System.Text;

namespace EdgeML.Native.Offload.Wire;

/// <summary>Writes MessagePack values, each in its shortest form, into memory the caller owns.</summary>
/// <exception cref="ArgumentException">The memory is too short; nothing is written behind its end.</exception>
ref struct MessagePackWriter(Span<byte> destination)
{
    readonly Span<byte> _destination = destination;
    int _written;

    public readonly int Written => _written;

    public void WriteNil() => Take(1)[0] = 0xc0;

    public void Write(bool value) => Take(1)[0] = value ? (byte)0xc3 : (byte)0xc2;

    public void Write(long value)
    {
        if (value >= 0)
        {
            Write((ulong)value);
            return;
        }
        switch (value)
        {
            case >= -32: Take(1)[0] = unchecked((byte)value); break;
            case >= sbyte.MinValue: Tagged(0xd0, 1)[0] = unchecked((byte)value); break;
            case >= short.MinValue: BinaryPrimitives.WriteInt16BigEndian(Tagged(0xd1, 2), (short)value); break;
            case >= int.MinValue: BinaryPrimitives.WriteInt32BigEndian(Tagged(0xd2, 4), (int)value); break;
            default: BinaryPrimitives.WriteInt64BigEndian(Tagged(0xd3, 8), value); break;
        }
    }

    public void Write(ulong value)
    {
        switch (value)
        {
            case < 128: Take(1)[0] = (byte)value; break;
            case <= byte.MaxValue: Tagged(0xcc, 1)[0] = (byte)value; break;
            case <= ushort.MaxValue: BinaryPrimitives.WriteUInt16BigEndian(Tagged(0xcd, 2), (ushort)value); break;
            case <= uint.MaxValue: BinaryPrimitives.WriteUInt32BigEndian(Tagged(0xce, 4), (uint)value); break;
            default: BinaryPrimitives.WriteUInt64BigEndian(Tagged(0xcf, 8), value); break;
        }
    }

    public void Write(float value) => BinaryPrimitives.WriteSingleBigEndian(Tagged(0xca, 4), value);

    public void Write(double value) => BinaryPrimitives.WriteDoubleBigEndian(Tagged(0xcb, 8), value);

    public void Write(ReadOnlySpan<char> text)
    {
        int bytes = Encoding.UTF8.GetByteCount(text);
        switch (bytes)
        {
            case < 32: Take(1)[0] = (byte)(0xa0 | bytes); break;
            case <= byte.MaxValue: Tagged(0xd9, 1)[0] = (byte)bytes; break;
            case <= ushort.MaxValue: BinaryPrimitives.WriteUInt16BigEndian(Tagged(0xda, 2), (ushort)bytes); break;
            default: BinaryPrimitives.WriteUInt32BigEndian(Tagged(0xdb, 4), (uint)bytes); break;
        }
        Encoding.UTF8.GetBytes(text, Take(bytes));
    }

    public void WriteBinary(ReadOnlySpan<byte> data)
    {
        switch (data.Length)
        {
            case <= byte.MaxValue: Tagged(0xc4, 1)[0] = (byte)data.Length; break;
            case <= ushort.MaxValue: BinaryPrimitives.WriteUInt16BigEndian(Tagged(0xc5, 2), (ushort)data.Length); break;
            default: BinaryPrimitives.WriteUInt32BigEndian(Tagged(0xc6, 4), (uint)data.Length); break;
        }
        data.CopyTo(Take(data.Length));
    }

    public void WriteArrayHeader(int count) => WriteContainer(count, 0x90, 0xdc);

    public void WriteMapHeader(int count) => WriteContainer(count, 0x80, 0xde);

    void WriteContainer(int count, byte small, byte sixteen)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        switch (count)
        {
            case < 16: Take(1)[0] = (byte)(small | count); break;
            case <= ushort.MaxValue: BinaryPrimitives.WriteUInt16BigEndian(Tagged(sixteen, 2), (ushort)count); break;
            default: BinaryPrimitives.WriteUInt32BigEndian(Tagged((byte)(sixteen + 1), 4), (uint)count); break;
        }
    }

    Span<byte> Tagged(byte tag, int bytes)
    {
        Span<byte> place = Take(1 + bytes);
        place[0] = tag;
        return place[1..];
    }

    Span<byte> Take(int bytes)
    {
        if (bytes > _destination.Length - _written)
            throw new ArgumentException($"MessagePack value of {bytes} bytes does not fit behind byte {_written} of {_destination.Length}");
        Span<byte> place = _destination.Slice(_written, bytes);
        _written += bytes;
        return place;
    }
}
