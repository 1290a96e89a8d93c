namespace EdgeML.Native.Offload.Wire;

/// <summary>The tail's clock on one request or probe, part of replies, pongs and errors: the client cannot see these from its
/// side.</summary>
struct TransferTimes
{
    /// <summary>Header keys used here.</summary>
    public const uint Keys = 0b1111111 << FirstKey;
    const int FirstKey = 10;

    /// <summary>Computing.</summary>
    public int ComputeMicros;

    /// <summary>Between the payload's last byte and the start of computing.</summary>
    public int QueueMicros;

    /// <summary>Between the moment the header was there and the payload's last byte.</summary>
    public int SpanMicros;

    /// <summary>Payload bytes that arrived within the span; those already there with the header are not counted.</summary>
    public int SpanBytes;

    /// <summary>Requests on the tail, this one included.</summary>
    public int InFlight;

    /// <summary>Share of the tail's compute threads that was busy lately, 0..1.</summary>
    public float BusyShare;

    /// <summary>How much longer than its profile says the tail computes now, over all its clients; 1 when it is idle.</summary>
    public float Slowdown;

    /// <summary>The same, inside what the other side saw: no part of an exchange is longer than all of it.</summary>
    /// <param name="totalMs">From sending to the answer, on the other side's clock.</param>
    /// <param name="frameBytes">Sent.</param>
    public readonly TransferTimes Within(double totalMs, int frameBytes)
    {
        int total = (int)Math.Clamp(totalMs * 1000, 0, int.MaxValue);
        TransferTimes times = this;
        times.ComputeMicros = Math.Min(ComputeMicros, total);
        times.QueueMicros = Math.Min(QueueMicros, total - times.ComputeMicros);
        times.SpanMicros = Math.Min(SpanMicros, total);
        times.SpanBytes = Math.Min(SpanBytes, frameBytes);
        return times;
    }

    public readonly void Write(ref HeaderWriter writer)
    {
        writer.Write(FirstKey, ComputeMicros);
        writer.Write(FirstKey + 1, QueueMicros);
        writer.Write(FirstKey + 2, SpanMicros);
        writer.Write(FirstKey + 3, SpanBytes);
        writer.Write(FirstKey + 4, InFlight);
        writer.Write(FirstKey + 5, BusyShare);
        writer.Write(FirstKey + 6, Slowdown);
    }

    public void ReadKey(int key, ref HeaderReader reader)
    {
        switch (key)
        {
            case FirstKey: ComputeMicros = reader.ReadInt32(0, int.MaxValue); break;
            case FirstKey + 1: QueueMicros = reader.ReadInt32(0, int.MaxValue); break;
            case FirstKey + 2: SpanMicros = reader.ReadInt32(0, int.MaxValue); break;
            case FirstKey + 3: SpanBytes = reader.ReadInt32(0, int.MaxValue); break;
            case FirstKey + 4: InFlight = reader.ReadInt32(0, int.MaxValue); break;
            case FirstKey + 5: BusyShare = reader.ReadSingle(); break;
            case FirstKey + 6: Slowdown = reader.ReadSingle(); break;
            default: reader.Skip(); break;
        }
    }
}
