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

    /// <summary>Written only where there is one, and only to tails that hold a package with such a rule.</summary>
    public ExitStreak Streak;

    const int StreakClassKey = 16, StreakLengthKey = 17;

    public readonly int Write(Span<byte> destination)
    {
        var writer = new HeaderWriter(destination, keys: 5 + (Policy.Bottleneck > 0 ? 1 : 0) + (Streak.Length > 0 ? 2 : 0));
        writer.Write(0, TaskId);
        writer.Write(1, Policy.Cut);
        writer.Write(2, (int)Encoding);
        writer.Write(3, DeadlineMs);
        writer.Write(4, Policy.Thresholds);
        if (Policy.Bottleneck > 0)
        {
            writer.Write(5, Policy.Bottleneck);
        }
        if (Streak.Length > 0)
        {
            writer.Write(StreakClassKey, Streak.Class);
            writer.Write(StreakLengthKey, Streak.Length);
        }
        return writer.Finish();
    }

    public static RequestHeader Read(ReadOnlyMemory<byte> header) => HeaderReader.Read(header, ReadFields);

    [SkipLocalsInit]
    static RequestHeader ReadFields(ref HeaderReader reader)
    {
        var request = default(RequestHeader);
        (int cut, int bottleneck, int streakClass, int streak) = (0, 0, -1, 0);
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
                case StreakClassKey: streakClass = reader.ReadInt32(0, int.MaxValue); break;
                case StreakLengthKey: streak = reader.ReadInt32(1, ExitPolicy.MaxExits); break;
                default: reader.Skip(); break;
            }
        }
        reader.Require(0b11111, "request");
        if (streakClass >= 0 != streak > 0)
            throw new InvalidDataException($"request has {(streak > 0 ? $"{streak} exits that agree and no class" : "a class and no number of exits")} of a streak");
        if (streak > 0) request.Streak = new ExitStreak(streakClass, streak);
        request.Policy = new ExitPolicy(thresholds[..count], cut, bottleneck: bottleneck);
        return request;
    }
}
