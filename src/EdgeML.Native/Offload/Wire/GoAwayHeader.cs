namespace EdgeML.Native.Offload.Wire;

/// <summary>A tail's request to leave it, with the reason as it says it to people; empty for none.</summary>
readonly record struct GoAwayHeader(string Text)
{
    public const int MaxBytes = 512;
    const int MaxTextBytes = 400;

    public int Write(Span<byte> destination)
    {
        var writer = new HeaderWriter(destination, keys: Text.Length > 0 ? 1 : 0);
        if (Text.Length > 0)
        {
            writer.Write(0, Text.AsSpan(0, TextLimit.LengthWithin(Text, MaxTextBytes)));
        }
        return writer.Finish();
    }

    public static GoAwayHeader Read(ReadOnlyMemory<byte> header) => HeaderReader.Read(header, ReadFields);

    static GoAwayHeader ReadFields(ref HeaderReader reader)
    {
        string text = "";
        while (reader.NextKey(out int key))
        {
            switch (key)
            {
                case 0: text = reader.ReadText(MaxTextBytes); break;
                default: reader.Skip(); break;
            }
        }
        return new GoAwayHeader(text);
    }
}
