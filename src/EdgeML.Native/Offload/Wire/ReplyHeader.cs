namespace EdgeML.Native.Offload.Wire;

/// <summary>The tail's answer and its times; the payload is the answering exit's logits as float32.</summary>
struct ReplyHeader
{
    public const int MaxBytes = 128;
    const int InvalidKey = 20;

    public ulong TaskId;
    public TailAnswer Answer;
    public TransferTimes Times;

    /// <summary>Whether an exit on the way, or the one that answered, saw a logit that is NaN or +infinity. Written only where it is so: older
    /// clients skip the key.</summary>
    public bool HasInvalidLogits;

    public readonly int Write(Span<byte> destination)
    {
        var writer = new HeaderWriter(destination, keys: HasInvalidLogits ? 13 : 12);
        writer.Write(0, TaskId);
        writer.Write(1, Answer.Exit);
        writer.Write(2, Answer.Class);
        writer.Write(3, Answer.Entropy);
        writer.Write(4, Answer.Confidence);
        Times.Write(ref writer);
        if (HasInvalidLogits) writer.Write(InvalidKey, 1);
        return writer.Finish();
    }

    public static ReplyHeader Read(ReadOnlyMemory<byte> header) => HeaderReader.Read(header, ReadFields);

    static ReplyHeader ReadFields(ref HeaderReader reader)
    {
        var reply = default(ReplyHeader);
        (int exit, int label, float entropy, float confidence) = (0, 0, 0f, 0f);
        while (reader.NextKey(out int key))
        {
            switch (key)
            {
                case 0: reply.TaskId = reader.ReadUInt64(); break;
                case 1: exit = reader.ReadInt32(1, ushort.MaxValue); break;
                case 2: label = reader.ReadInt32(0, int.MaxValue); break;
                case 3: entropy = reader.ReadSingle(); break;
                case 4: confidence = reader.ReadSingle(); break;
                case InvalidKey: reply.HasInvalidLogits = reader.ReadInt32(0, 1) == 1; break;
                default: reply.Times.ReadKey(key, ref reader); break;
            }
        }
        reader.Require(0b11111 | TransferTimes.Keys, "reply");
        reply.Answer = new TailAnswer(exit, label, entropy, confidence);
        return reply;
    }
}
