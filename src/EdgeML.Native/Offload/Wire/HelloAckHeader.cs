namespace EdgeML.Native.Offload.Wire;

/// <summary>The tail's answer to hello: its limits and its times.</summary>
readonly record struct HelloAckHeader(int MaxInFlight, int MaxPayloadBytes, int Encodings, float[] UnitMs, float[] HeadMs)
{
    /// <summary>Milliseconds of every bottleneck's decoder; empty where client and tail hold different ones.</summary>
    public float[] DecodeMs { get; init; } = [];

    const int MaxUnits = 1024;

    public int Write(Span<byte> destination)
    {
        var writer = new HeaderWriter(destination, keys: DecodeMs.Length > 0 ? 6 : 5);
        writer.Write(0, MaxInFlight);
        writer.Write(1, MaxPayloadBytes);
        writer.Write(2, UnitMs);
        writer.Write(3, HeadMs);
        writer.Write(4, Encodings);
        if (DecodeMs.Length > 0)
        {
            writer.Write(5, DecodeMs);
        }
        return writer.Finish();
    }

    public static HelloAckHeader Read(ReadOnlyMemory<byte> header) => HeaderReader.Read(header, ReadFields);

    static HelloAckHeader ReadFields(ref HeaderReader reader)
    {
        (int inFlight, int payload, int encodings, float[] units, float[] heads, float[] decoders) = (0, 0, 0, [], [], []);
        while (reader.NextKey(out int key))
        {
            switch (key)
            {
                case 0: inFlight = reader.ReadInt32(1, int.MaxValue); break;
                case 1: payload = reader.ReadInt32(1, int.MaxValue); break;
                case 2: units = ReadAll(ref reader); break;
                case 3: heads = ReadAll(ref reader); break;
                case 4: encodings = reader.ReadInt32(0, int.MaxValue); break;
                case 5: decoders = ReadAll(ref reader); break;
                default: reader.Skip(); break;
            }
        }
        reader.Require(0b11111, "hello-ack");
        return new HelloAckHeader(inFlight, payload, encodings, units, heads) { DecodeMs = decoders };
    }

    static float[] ReadAll(ref HeaderReader reader)
    {
        int count = reader.ReadArrayHeader(MaxUnits);
        // A count is only a claim: the array grows with the bytes that are really there.
        var values = new List<float>(Math.Min(count, 64));
        for (int i = 0; i < count; i++)
        {
            float ms = reader.ReadSingle();
            values.Add(float.IsFinite(ms) && ms >= 0 ? ms : throw new InvalidDataException($"time {i + 1} of a hello-ack is {ms} ms"));
        }
        return [.. values];
    }
}
