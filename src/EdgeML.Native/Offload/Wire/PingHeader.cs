namespace EdgeML.Native.Offload.Wire;

/// <summary>Header of ping, probe and pong: a number that comes back, and in a pong the tail's measurement of the payload.</summary>
struct PingHeader
{
    public const int MaxBytes = 64;

    public ulong Sequence;
    public TransferTimes Times;

    public readonly int Write(Span<byte> destination)
    {
        var writer = new HeaderWriter(destination, keys: 8);
        writer.Write(0, Sequence);
        Times.Write(ref writer);
        return writer.Finish();
    }

    public static PingHeader Read(ReadOnlyMemory<byte> header) => HeaderReader.Read(header, ReadFields);

    static PingHeader ReadFields(ref HeaderReader reader)
    {
        var ping = default(PingHeader);
        while (reader.NextKey(out int key))
        {
            switch (key)
            {
                case 0: ping.Sequence = reader.ReadUInt64(); break;
                default: ping.Times.ReadKey(key, ref reader); break;
            }
        }
        reader.Require(1 | TransferTimes.Keys, "ping");
        return ping;
    }
}
