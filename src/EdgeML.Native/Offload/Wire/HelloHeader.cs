namespace EdgeML.Native.Offload.Wire;

/// <summary>First frame of a client: the model it holds, and a bit per <see cref="TensorEncoding"/> it may use.</summary>
readonly record struct HelloHeader(string ModelHash, int Encodings)
{
    const int MaxHashBytes = 256;

    public int Write(Span<byte> destination)
    {
        var writer = new MessagePackWriter(destination);
        writer.WriteMapHeader(2);
        writer.Write(0L);
        writer.Write(ModelHash);
        writer.Write(1L);
        writer.Write((long)Encodings);
        return writer.Written;
    }

    public static HelloHeader Read(ReadOnlySpan<byte> header)
    {
        var reader = new HeaderReader(header);
        string? hash = null;
        int encodings = 0;
        while (reader.NextKey(out int key))
        {
            switch (key)
            {
                case 0: hash = reader.Value.ReadText(MaxHashBytes); break;
                case 1: encodings = reader.Value.ReadInt32(0, int.MaxValue); break;
                default: reader.Value.Skip(); break;
            }
        }
        return new HelloHeader(hash ?? throw new InvalidDataException("hello names no model hash"), encodings);
    }
}
