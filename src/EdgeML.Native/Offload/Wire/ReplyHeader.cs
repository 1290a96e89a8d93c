namespace EdgeML.Native.Offload.Wire;

/// <summary>The tail's answer and its times; the payload is the answering exit's logits as float32, or the row of outputs of a network
/// without class scores. The header of the latter has no class, entropy and confidence.</summary>
struct ReplyHeader
{
    public const int MaxBytes = 128;
    const int InvalidKey = 20;
    const uint AnswerKeys = 0b00011, ClassKeys = 0b11100;

    public ulong TaskId;
    public TailAnswer Answer;
    public TransferTimes Times;

    /// <summary>Whether an exit on the way, or the one that answered, saw a logit that is NaN or +infinity. Written only where it is so: older
    /// clients skip the key.</summary>
    public bool HasInvalidLogits;

    /// <summary>Whether the answer is that of a network without class scores, so that class, entropy and confidence are left out.</summary>
    public bool LacksClass;

    public readonly int Write(Span<byte> destination)
    {
        var writer = new HeaderWriter(destination, keys: (HasInvalidLogits ? 13 : 12) - (LacksClass ? 3 : 0));
        writer.Write(0, TaskId);
        writer.Write(1, Answer.Exit);
        if (!LacksClass)
        {
            writer.Write(2, Answer.Class);
            writer.Write(3, Answer.Entropy);
            writer.Write(4, Answer.Confidence);
        }
        Times.Write(ref writer);
        if (HasInvalidLogits) writer.Write(InvalidKey, 1);
        return writer.Finish();
    }

    public static ReplyHeader Read(ReadOnlyMemory<byte> header) => HeaderReader.Read(header, ReadFields);

    static ReplyHeader ReadFields(ref HeaderReader reader)
    {
        var reply = default(ReplyHeader);
        (int exit, int label, float entropy, float confidence) = (0, TailAnswer.NoClass, float.NaN, float.NaN);
        bool hasClass = false;
        while (reader.NextKey(out int key))
        {
            switch (key)
            {
                case 0: reply.TaskId = reader.ReadUInt64(); break;
                case 1: exit = reader.ReadInt32(1, ushort.MaxValue); break;
                case 2: (label, hasClass) = (reader.ReadInt32(0, int.MaxValue), true); break;
                case 3: (entropy, hasClass) = (reader.ReadSingle(), true); break;
                case 4: (confidence, hasClass) = (reader.ReadSingle(), true); break;
                case InvalidKey: reply.HasInvalidLogits = reader.ReadInt32(0, 1) == 1; break;
                default: reply.Times.ReadKey(key, ref reader); break;
            }
        }
        reader.Require(AnswerKeys | (hasClass ? ClassKeys : 0) | TransferTimes.Keys, "reply");
        reply.LacksClass = !hasClass;
        reply.Answer = new TailAnswer(exit, label, entropy, confidence);
        return reply;
    }
}
