using EdgeML.Native.Codecs;
using EdgeML.Native.Models.Manifest;

namespace EdgeML.Native.Offload.Wire;

/// <summary>First frame of a client: the model it holds, a bit per <see cref="TensorEncoding"/> it may use, the digest of its
/// bottlenecks, empty for none, and <see cref="ModelManifest.CutsDigest"/>, empty from older clients.</summary>
readonly record struct HelloHeader(string ModelHash, int Encodings, string Bottlenecks = "", string Cuts = "")
{
    /// <summary>A bit per encoding every lane can read; bottlenecks are read where both sides hold the same ones.</summary>
    internal const int EveryEncoding =
        (1 << (int)TensorEncoding.Float32) | (1 << (int)TensorEncoding.Float16) | (1 << (int)TensorEncoding.Bytes)
        | (1 << (int)TensorEncoding.Int8) | (1 << (int)TensorEncoding.Bottleneck) | (1 << (int)TensorEncoding.Quantised);

    const int MaxHashBytes = 256;

    public int Write(Span<byte> destination)
    {
        var writer = new MessagePackWriter(destination);
        writer.WriteMapHeader(2 + (Bottlenecks.Length > 0 ? 1 : 0) + (Cuts.Length > 0 ? 1 : 0));
        writer.Write(0L);
        writer.Write(ModelHash);
        writer.Write(1L);
        writer.Write((long)Encodings);
        if (Bottlenecks.Length > 0)
        {
            writer.Write(2L);
            writer.Write(Bottlenecks);
        }
        if (Cuts.Length > 0)
        {
            writer.Write(3L);
            writer.Write(Cuts);
        }
        return writer.Written;
    }

    public static HelloHeader Read(ReadOnlySpan<byte> header)
    {
        var reader = new HeaderReader(header);
        (string? hash, string bottlenecks, string cuts) = (null, "", "");
        int encodings = 0;
        while (reader.NextKey(out int key))
        {
            switch (key)
            {
                case 0: hash = reader.Value.ReadText(MaxHashBytes); break;
                case 1: encodings = reader.Value.ReadInt32(0, int.MaxValue); break;
                case 2: bottlenecks = reader.Value.ReadText(MaxHashBytes); break;
                case 3: cuts = reader.Value.ReadText(MaxHashBytes); break;
                default: reader.Value.Skip(); break;
            }
        }
        return new HelloHeader(hash ?? throw new InvalidDataException("hello names no model hash"), encodings, bottlenecks, cuts);
    }
}
