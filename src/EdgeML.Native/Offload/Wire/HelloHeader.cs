using EdgeML.Native.Codecs;
using EdgeML.Native.Models.Manifest;

namespace EdgeML.Native.Offload.Wire;

/// <summary>First frame of a client: the model it holds, a bit per <see cref="TensorEncoding"/> it may use, the digest of its
/// bottlenecks, empty for none, <see cref="ModelManifest.CutsDigest"/>, empty from older clients, and a bit per later frame that it
/// understands.</summary>
readonly record struct HelloHeader(string ModelHash, int Encodings, string Bottlenecks = "", string Cuts = "", int Understands = 0)
{
    /// <summary>The client understands <see cref="FrameKind.GoAway"/>.</summary>
    internal const int UnderstandsGoAway = 1;

    /// <summary>A bit per encoding every slot can read; bottlenecks are read where both sides hold the same ones.</summary>
    internal const int EveryEncoding =
        (1 << (int)TensorEncoding.Float32) | (1 << (int)TensorEncoding.Float16) | (1 << (int)TensorEncoding.Bytes)
        | (1 << (int)TensorEncoding.Int8) | (1 << (int)TensorEncoding.Bottleneck) | (1 << (int)TensorEncoding.Quantised);

    const int MaxHashBytes = 256;

    public int Write(Span<byte> destination)
    {
        var writer = new HeaderWriter(destination, keys: 2 + (Bottlenecks.Length > 0 ? 1 : 0) + (Cuts.Length > 0 ? 1 : 0) + (Understands != 0 ? 1 : 0));
        writer.Write(0, ModelHash);
        writer.Write(1, Encodings);
        if (Bottlenecks.Length > 0)
        {
            writer.Write(2, Bottlenecks);
        }
        if (Cuts.Length > 0)
        {
            writer.Write(3, Cuts);
        }
        if (Understands != 0)
        {
            writer.Write(4, Understands);
        }
        return writer.Finish();
    }

    public static HelloHeader Read(ReadOnlyMemory<byte> header) => HeaderReader.Read(header, ReadFields);

    static HelloHeader ReadFields(ref HeaderReader reader)
    {
        (string? hash, string bottlenecks, string cuts) = (null, "", "");
        (int encodings, int understands) = (0, 0);
        while (reader.NextKey(out int key))
        {
            switch (key)
            {
                case 0: hash = reader.ReadName(MaxHashBytes); break;
                case 1: encodings = reader.ReadInt32(0, int.MaxValue); break;
                case 2: bottlenecks = reader.ReadName(MaxHashBytes); break;
                case 3: cuts = reader.ReadName(MaxHashBytes); break;
                case 4: understands = reader.ReadInt32(0, int.MaxValue); break;
                default: reader.Skip(); break;
            }
        }
        return new HelloHeader(hash ?? throw new InvalidDataException("hello names no model hash"), encodings, bottlenecks, cuts, understands);
    }
}
