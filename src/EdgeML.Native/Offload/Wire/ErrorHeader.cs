namespace EdgeML.Native.Offload.Wire;

/// <summary>A refusal: of one request when it names a task, else of the whole connection.</summary>
struct ErrorHeader
{
    /// <summary>How the refusal of a client with another model begins; older tails say the same.</summary>
    internal const string OtherModel = "client holds model";

    public const int MaxBytes = 512;
    const int MaxTextBytes = 400;

    public ErrorCode Code;

    /// <summary>0 for the whole connection.</summary>
    public ulong TaskId;

    /// <summary>For people, as the other side wrote it.</summary>
    public string Text;

    public TransferTimes Times;

    public readonly int Write(Span<byte> destination)
    {
        var writer = new HeaderWriter(destination, keys: 10);
        writer.Write(0, (int)Code);
        writer.Write(1, TaskId);
        writer.Write(2, Text.AsSpan(0, TextLimit.LengthWithin(Text, MaxTextBytes)));
        Times.Write(ref writer);
        return writer.Finish();
    }

    public static ErrorHeader Read(ReadOnlyMemory<byte> header) => HeaderReader.Read(header, ReadFields);

    static ErrorHeader ReadFields(ref HeaderReader reader)
    {
        var error = default(ErrorHeader);
        error.Text = "";
        while (reader.NextKey(out int key))
        {
            switch (key)
            {
                case 0: error.Code = (ErrorCode)reader.ReadInt32(1, byte.MaxValue); break;
                case 1: error.TaskId = reader.ReadUInt64(); break;
                case 2:
                    // The text of a refused request is not kept: a tail that refuses many must not cost the edge its memory.
                    if (error.TaskId == 0) error.Text = reader.ReadText(MaxTextBytes);
                    else reader.ReadUtf8(MaxTextBytes);
                    break;
                default: error.Times.ReadKey(key, ref reader); break;
            }
        }
        reader.Require(0b11, "error");
        // Where the text came before the task.
        if (error.TaskId != 0) error.Text = "";
        return error;
    }
}
