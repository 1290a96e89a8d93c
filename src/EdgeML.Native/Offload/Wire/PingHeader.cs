namespace EdgeML.Native.Offload.Wire;

/// <summary>Header of ping, probe and pong: a number that comes back, and in a pong what the tail saw of the payload.</summary>
struct PingHeader
{
    public const int MaxBytes = 64;

    public ulong Sequence;
    public TransferTimes Times;

    public readonly int Write(Span<byte> destination)
    {
        var writer = new MessagePackWriter(destination);
        writer.WriteMapHeader(8);
        writer.Write(0L);
        writer.Write(Sequence);
        Times.Write(ref writer);
        return writer.Written;
    }

    public static PingHeader Read(ReadOnlySpan<byte> header)
    {
        var reader = new HeaderReader(header);
        var ping = default(PingHeader);
        while (reader.NextKey(out int key))
        {
            switch (key)
            {
                case 0: ping.Sequence = reader.Value.ReadUInt64(); break;
                default: ping.Times.ReadKey(key, ref reader.Value); break;
            }
        }
        reader.Require(1 | TransferTimes.Keys, "ping");
        return ping;
    }
}
