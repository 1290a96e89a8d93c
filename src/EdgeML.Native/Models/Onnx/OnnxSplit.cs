using Google.Protobuf;

namespace EdgeML.Native.Models.Onnx;

/// <summary>An ONNX file without the raw data of its large weights, and where those lie: parsed like this, a file of gigabytes is neither
/// copied nor even read.</summary>
/// <param name="Rest">The file without them.</param>
/// <param name="Weights">Number of the initializer, offset in the file, and length.</param>
sealed record OnnxSplit(byte[] Rest, IReadOnlyList<(int Weight, int Offset, int Length)> Weights)
{
    const int GraphField = 7, InitializerField = 5, RawDataField = 9, LeastWeight = 1024;

    /// <summary>Null for a file that is not written as usual; parsing the whole of it finds the fault, if any.</summary>
    internal static OnnxSplit? Of(ReadOnlySpan<byte> file)
    {
        var weights = new List<(int, int, int)>();
        using var model = new MemoryStream();
        int graphs = 0, initializers = 0;
        for (int at = 0; at < file.Length;)
        {
            if (Next(file, at, file.Length) is not { } field) return null;
            if (field.Number != GraphField || field.Wire != 2)
            {
                model.Write(file[at..field.End]);
            }
            else
            {
                if (++graphs > 1) return null;
                using var graph = new MemoryStream();
                for (int inGraph = field.Data; inGraph < field.End;)
                {
                    if (Next(file, inGraph, field.End) is not { } part) return null;
                    if (part.Number != InitializerField || part.Wire != 2) graph.Write(file[inGraph..part.End]);
                    else if (!Tensor(file, part, initializers++, graph, weights)) return null;
                    inGraph = part.End;
                }
                Write(model, GraphField, graph);
            }
            at = field.End;
        }
        return new OnnxSplit(model.ToArray(), weights);
    }

    static bool Tensor(ReadOnlySpan<byte> file, Field tensor, int number, MemoryStream graph, List<(int, int, int)> weights)
    {
        using var rest = new MemoryStream();
        int data = 0;
        for (int at = tensor.Data; at < tensor.End;)
        {
            if (Next(file, at, tensor.End) is not { } field) return false;
            // Of two, the last one would count.
            if (field.Number == RawDataField && ++data > 1) return false;
            if (field.Number == RawDataField && field.Wire == 2 && field.End - field.Data >= LeastWeight)
            {
                weights.Add((number, field.Data, field.End - field.Data));
            }
            else
            {
                rest.Write(file[at..field.End]);
            }
            at = field.End;
        }
        Write(graph, InitializerField, rest);
        return true;
    }

    static void Write(MemoryStream to, int field, MemoryStream message)
    {
        using var output = new CodedOutputStream(to, leaveOpen: true);
        output.WriteTag(field, WireFormat.WireType.LengthDelimited);
        output.WriteLength((int)message.Length);
        output.Flush();
        message.WriteTo(to);
    }

    readonly record struct Field(int Number, int Wire, int Data, int End);

    /// <summary>The field that begins at a place; null where none does.</summary>
    static Field? Next(ReadOnlySpan<byte> file, int at, int end)
    {
        if (!Varint(file, ref at, end, out ulong tag) || tag >> 3 is 0 or > 1 << 29) return null;
        int number = (int)(tag >> 3), wire = (int)(tag & 7);
        ulong length;
        switch (wire)
        {
            case 0:
                int data = at;
                return Varint(file, ref at, end, out _) ? new Field(number, wire, data, at) : null;
            case 1: length = 8; break;
            case 5: length = 4; break;
            case 2 when Varint(file, ref at, end, out length): break;
            default: return null;
        }
        return length <= (ulong)(end - at) ? new Field(number, wire, at, at + (int)length) : null;
    }

    static bool Varint(ReadOnlySpan<byte> file, ref int at, int end, out ulong value)
    {
        value = 0;
        for (int shift = 0; shift < 64 && at < end; shift += 7)
        {
            byte next = file[at++];
            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80) return true;
        }
        return false;
    }
}
