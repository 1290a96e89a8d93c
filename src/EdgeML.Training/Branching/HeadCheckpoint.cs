using System.Runtime.InteropServices;
using EdgeML.Native.Control.Learning;
using EdgeML.Training.Data;
using EdgeML.Training.Numerics;

namespace EdgeML.Training.Branching;

/// <summary>The full state of a head's training between two passes.</summary>
sealed class HeadCheckpoint(float[] weights)
{
    const uint Magic = 0x32484245; // "EBH2"

    internal AdamState Adam { get; } = new(weights.Length);

    /// <summary>Moving average of the weights, which is judged and kept.</summary>
    internal float[] Average { get; } = [.. weights];

    /// <summary>The last averages that judged no worse than any, but for chance.</summary>
    internal float[] Kept { get; } = [.. weights];

    internal int Epoch { get; set; }

    internal int KeptEpoch { get; set; }

    /// <summary>Most held-out samples that any pass was right on.</summary>
    internal int MostRight { get; set; }

    float[][] Arrays => [weights, Adam.Mean, Adam.Square, Average, Kept];

    internal void Save(string path) => OutputFile.Write(path, stream =>
    {
        using var writer = new BinaryWriter(stream, System.Text.Encoding.UTF8, leaveOpen: true);
        writer.Write(Magic);
        writer.Write(weights.Length);
        writer.Write(Epoch);
        writer.Write(KeptEpoch);
        writer.Write(MostRight);
        writer.Write(Adam.Steps);
        foreach (float[] array in Arrays) writer.Write(MemoryMarshal.AsBytes<float>(array));
    });

    /// <summary>Continues from a file of the same head. A file of another head is left alone and the head starts from scratch.</summary>
    internal bool TryLoad(string path)
    {
        if (!File.Exists(path)) return false;
        using FileStream stream = File.OpenRead(path);
        using var reader = new BinaryReader(stream);
        const int Head = 6 * sizeof(int);
        if (stream.Length != Head + ((long)Arrays.Length * weights.Length * sizeof(float))) return false;
        if (reader.ReadUInt32() != Magic || reader.ReadInt32() != weights.Length) return false;
        (Epoch, KeptEpoch, MostRight, Adam.Steps) = (reader.ReadInt32(), reader.ReadInt32(), reader.ReadInt32(), reader.ReadInt32());
        foreach (float[] array in Arrays) reader.BaseStream.ReadExactly(MemoryMarshal.AsBytes(array.AsSpan()));
        return true;
    }
}
