namespace EdgeML.Native.Offload.Wire;

/// <summary>What the tail found and how long it took; the payload is the answering exit's logits as float32.</summary>
struct ReplyHeader
{
    public const int MaxBytes = 128;

    public ulong TaskId;
    public TailAnswer Answer;
    public TransferTimes Times;

    public readonly int Write(Span<byte> destination)
    {
        var writer = new MessagePackWriter(destination);
        writer.WriteMapHeader(12);
        writer.Write(0L);
        writer.Write(TaskId);
        writer.Write(1L);
        writer.Write((long)Answer.Exit);
        writer.Write(2L);
        writer.Write((long)Answer.Class);
        writer.Write(3L);
        writer.Write(Answer.Entropy);
        writer.Write(4L);
        writer.Write(Answer.Confidence);
        Times.Write(ref writer);
        return writer.Written;
    }

    public static ReplyHeader Read(ReadOnlySpan<byte> header)
    {
        var reader = new HeaderReader(header);
        var reply = default(ReplyHeader);
        (int exit, int label, float entropy, float confidence) = (0, 0, 0f, 0f);
        while (reader.NextKey(out int key))
        {
            switch (key)
            {
                case 0: reply.TaskId = reader.Value.ReadUInt64(); break;
                case 1: exit = reader.Value.ReadInt32(1, ushort.MaxValue); break;
                case 2: label = reader.Value.ReadInt32(0, int.MaxValue); break;
                case 3: entropy = reader.Value.ReadSingle(); break;
                case 4: confidence = reader.Value.ReadSingle(); break;
                default: reply.Times.ReadKey(key, ref reader.Value); break;
            }
        }
        reader.Require(0b11111 | TransferTimes.Keys, "reply");
        reply.Answer = new TailAnswer(exit, label, entropy, confidence);
        return reply;
    }
}
