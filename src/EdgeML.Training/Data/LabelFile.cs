using System.Buffers.Binary;
using System.Globalization;

namespace EdgeML.Training.Data;

/// <summary>Labels of samples in a separate file: <c>.npy</c>, text with a number or class name per line, or raw little-endian
/// numbers.</summary>
static class LabelFile
{
    static readonly string[] s_text = [".txt", ".csv", ".lst", ".tsv"];

    /// <summary>Reads all labels.</summary>
    /// <param name="path">By its ending <c>.npy</c>, text (<c>.txt</c>, <c>.csv</c>), or else raw uint8, int32 or int64, distinguished by
    /// length.</param>
    /// <param name="samples">So many labels are expected.</param>
    /// <param name="names">Names of the classes, for text; may be empty.</param>
    /// <exception cref="InvalidDataException">Another number of labels, or one that is none.</exception>
    internal static int[] Read(string path, long samples, IReadOnlyList<string> names)
    {
        if (!File.Exists(path)) throw new FileNotFoundException($"label file {path} does not exist");
        if (s_text.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase)) return Text(path, samples, names);
        byte[] bytes;
        int width;
        bool signed = true;
        if (NpyFile.IsOne(path))
        {
            NpyFile array = NpyFile.Read(path);
            if (array.Shape is not ([_] or [_, 1]))
                throw new InvalidDataException($"{path} has the shape {array.ShapeText}, labels are one number per sample");
            if (array.Type[0] is not ('i' or 'u') || array.Type[1] is not ('1' or '2' or '4' or '8'))
                throw new InvalidDataException($"{path} holds {array.Type}, labels are whole numbers");
            (width, signed) = (array.Type[1] - '0', array.Type[0] == 'i');
            Expect(path, array.Elements, samples);
            bytes = File.ReadAllBytes(path)[array.DataOffset..];
            if (bytes.Length != samples * width)
                throw new InvalidDataException($"{path} has {bytes.Length} bytes of labels, its header says {samples * width}");
        }
        else
        {
            long length = new FileInfo(path).Length;
            width = (length / (double)samples) switch { 1 => 1, 4 => 4, 8 => 8, _ => 0 };
            if (width == 0)
                throw new InvalidDataException(
                    $"{path} has {length} bytes, labels of {samples} samples have {samples} (uint8), {4 * samples} (int32) or {8 * samples} (int64)");
            signed = width > 1;
            bytes = File.ReadAllBytes(path);
        }
        int[] labels = new int[samples];
        for (int i = 0; i < labels.Length; i++)
        {
            ReadOnlySpan<byte> at = bytes.AsSpan(i * width, width);
            long value = width switch
            {
                1 => signed ? (sbyte)at[0] : at[0],
                2 => signed ? BinaryPrimitives.ReadInt16LittleEndian(at) : BinaryPrimitives.ReadUInt16LittleEndian(at),
                4 => signed ? BinaryPrimitives.ReadInt32LittleEndian(at) : BinaryPrimitives.ReadUInt32LittleEndian(at),
                _ => BinaryPrimitives.ReadInt64LittleEndian(at),
            };
            labels[i] = Checked(path, i, value);
        }
        return labels;
    }

    static int[] Text(string path, long samples, IReadOnlyList<string> names)
    {
        string[] lines = [.. File.ReadLines(path)];
        int count = lines.Length;
        while (count > 0 && string.IsNullOrWhiteSpace(lines[count - 1])) count--;
        var known = new LabelNames(names);
        // A table may have a head line.
        int first = count == samples + 1 && Named(known, lines[0].Trim()) < 0 && !IsNumber(lines[0].Trim(), out _) ? 1 : 0;
        Expect(path, count - first, samples);
        int[] labels = new int[samples];
        int firstName = -1, firstNumber = -1;
        for (int i = 0; i < labels.Length; i++)
        {
            int at = first + i;
            string line = lines[at].Trim();
            int named = Named(known, line);
            if (named >= 0)
            {
                labels[i] = named;
                if (firstName < 0) firstName = at;
            }
            else if (IsNumber(line, out long value))
            {
                labels[i] = Checked(path, i, value);
                if (firstNumber < 0) firstNumber = at;
            }
            else
                throw new InvalidDataException(
                    $"{path}: line {at + 1} is '{(line.Length > 40 ? line[..40] : line)}', neither a whole number nor a class's name");
        }
        // Where classes are called '1', '2' and so on, a 1 would be class 0 and a 0 too.
        if (firstName >= 0 && firstNumber >= 0)
            throw new InvalidDataException(
                $"{path}: line {firstName + 1} is a class's name, '{lines[firstName].Trim()}', and line {firstNumber + 1} is a number that names no "
                + $"class, '{lines[firstNumber].Trim()}'; labels are all names or all numbers");
        return labels;
    }

    /// <summary>The class that a line names, quoted as in a table or not; -1 for none.</summary>
    static int Named(LabelNames known, string line)
    {
        int named = known.Find(line);
        return named < 0 && line is ['"', _, .., '"'] ? known.Find(line[1..^1].Replace("\"\"", "\"", StringComparison.Ordinal)) : named;
    }

    static bool IsNumber(string line, out long value) =>
        long.TryParse(line, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);

    static void Expect(string path, long labels, long samples)
    {
        if (labels != samples) throw new InvalidDataException($"{path} has {labels} labels, there are {samples} samples");
    }

    static int Checked(string path, int index, long value) =>
        value is >= 0 and <= int.MaxValue ? (int)value : throw new InvalidDataException($"{path}: label {index} is {value}");
}
