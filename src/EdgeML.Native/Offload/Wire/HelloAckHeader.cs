namespace EdgeML.Native.Offload.Wire;

/// <summary>The tail's answer to hello: what it takes and how fast it is.</summary>
readonly record struct HelloAckHeader(int MaxInFlight, int MaxPayloadBytes, int Encodings, float[] UnitMs, float[] HeadMs)
{
    /// <summary>Milliseconds of every bottleneck's decoder; empty where client and tail hold different ones.</summary>
    public float[] DecodeMs { get; init; } = [];

    const int MaxUnits = 1024;

    public int Write(Span<byte> destination)
    {
        var writer = new MessagePackWriter(destination);
        writer.WriteMapHeader(DecodeMs.Length > 0 ? 6 : 5);
        writer.Write(0L);
        writer.Write((long)MaxInFlight);
        writer.Write(1L);
        writer.Write((long)MaxPayloadBytes);
        writer.Write(2L);
        WriteAll(ref writer, UnitMs);
        writer.Write(3L);
        WriteAll(ref writer, HeadMs);
        writer.Write(4L);
        writer.Write((long)Encodings);
        if (DecodeMs.Length > 0)
        {
            writer.Write(5L);
            WriteAll(ref writer, DecodeMs);
        }
        return writer.Written;
    }

    public static HelloAckHeader Read(ReadOnlySpan<byte> header)
    {
        var reader = new HeaderReader(header);
        (int inFlight, int payload, int encodings, float[] units, float[] heads, float[] decoders) = (0, 0, 0, [], [], []);
        while (reader.NextKey(out int key))
        {
            switch (key)
            {
                case 0: inFlight = reader.Value.ReadInt32(1, int.MaxValue); break;
                case 1: payload = reader.Value.ReadInt32(1, int.MaxValue); break;
                case 2: units = ReadAll(ref reader.Value); break;
                case 3: heads = ReadAll(ref reader.Value); break;
                case 4: encodings = reader.Value.ReadInt32(0, int.MaxValue); break;
                case 5: decoders = ReadAll(ref reader.Value); break;
                default: reader.Value.Skip(); break;
            }
        }
        reader.Require(0b11111, "hello-ack");
        return new HelloAckHeader(inFlight, payload, encodings, units, heads) { DecodeMs = decoders };
    }

    static void WriteAll(ref MessagePackWriter writer, float[] values)
    {
        writer.WriteArrayHeader(values.Length);
        foreach (float value in values) writer.Write(value);
    }

    static float[] ReadAll(ref MessagePackReader reader)
    {
        int count = reader.ReadArrayHeader(MaxUnits);
        // A count is only a promise: the array grows with what is really there.
        var values = new List<float>(Math.Min(count, 64));
        for (int i = 0; i < count; i++)
        {
            float ms = reader.ReadSingle();
            values.Add(float.IsFinite(ms) && ms >= 0 ? ms : throw new InvalidDataException($"time {i + 1} of a hello-ack is {ms} ms"));
        }
        return [.. values];
    }
}
