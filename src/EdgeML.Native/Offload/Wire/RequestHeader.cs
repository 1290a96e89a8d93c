using System.Runtime.CompilerServices;
using EdgeML.Native.Codecs;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Policies;

namespace EdgeML.Native.Offload.Wire;

/// <summary>The header of a request; the payload is the cut tensor.</summary>
struct RequestHeader
{
    /// <summary>Longest header this side writes: id, cut, encoding, deadline and all thresholds.</summary>
    public const int MaxBytes = TailRequest.HeadroomBytes - FramePrelude.Bytes;

    public ulong TaskId;
    public TensorEncoding Encoding;
    public float DeadlineMs;
    public ExitPolicy Policy;

    public readonly int Write(Span<byte> destination)
    {
        var writer = new HeaderWriter(destination, keys: Policy.Bottleneck > 0 ? 6 : 5);
        writer.Write(0, TaskId);
        writer.Write(1, Policy.Cut);
        writer.Write(2, (int)Encoding);
        writer.Write(3, DeadlineMs);
        writer.Write(4, Policy.Thresholds);
        if (Policy.Bottleneck > 0)
        {
            writer.Write(5, Policy.Bottleneck);
        }
        return writer.Finish();
    }

    public static RequestHeader Read(ReadOnlyMemory<byte> header) => HeaderReader.Read(header, ReadFields);

    [SkipLocalsInit]
    static RequestHeader ReadFields(ref HeaderReader reader)
    {
        var request = default(RequestHeader);
        (int cut, int bottleneck) = (0, 0);
        Span<float> thresholds = stackalloc float[ExitPolicy.MaxExits];
        int count = 0;
        while (reader.NextKey(out int key))
        {
            switch (key)
            {
                case 0: request.TaskId = reader.ReadUInt64(); break;
                case 1: cut = reader.ReadInt32(0, ushort.MaxValue); break;
                case 2: request.Encoding = (TensorEncoding)reader.ReadInt32(0, byte.MaxValue); break;
                case 3:
                    request.DeadlineMs = reader.ReadSingle();
                    if (!(request.DeadlineMs >= 0)) throw new InvalidDataException($"deadline of a request is {request.DeadlineMs} ms");
                    break;
                case 4:
                    count = reader.ReadArrayHeader(ExitPolicy.MaxExits);
                    for (int i = 0; i < count; i++)
                    {
                        thresholds[i] = reader.ReadSingle();
                        if (!(thresholds[i] >= 0 && thresholds[i] <= 1))
                            throw new InvalidDataException($"threshold {i + 1} of a request is {thresholds[i]}, not in 0..1");
                    }
                    break;
                case 5: bottleneck = reader.ReadInt32(0, BottleneckSet.Most); break;
                default: reader.Skip(); break;
            }
        }
        reader.Require(0b11111, "request");
        request.Policy = new ExitPolicy(thresholds[..count], cut, bottleneck: bottleneck);
        return request;
    }
}
