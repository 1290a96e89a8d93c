using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace EdgeML.Training.Data;

/// <summary>The header of a NumPy array file.</summary>
/// <param name="Type">As NumPy writes it without byte order: f4, u1, i8.</param>
/// <param name="Shape">Dimensions.</param>
/// <param name="DataOffset">Where the elements begin.</param>
readonly record struct NpyFile(string Type, int[] Shape, int DataOffset)
{
    const int MaxHeader = 1 << 16;

    static ReadOnlySpan<byte> Magic => [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    /// <summary>Whether a file's name says that it is one.</summary>
    internal static bool IsOne(string path) => Path.GetExtension(path).Equals(".npy", StringComparison.OrdinalIgnoreCase);

    /// <summary>Elements.</summary>
    internal long Elements => Shape.Aggregate(1L, (product, dimension) => product * dimension);

    /// <summary>Dimensions for people.</summary>
    internal string ShapeText => Shape.Length == 0 ? "a single number" : string.Join('x', Shape);

    /// <exception cref="InvalidDataException">Not such a file, or an array in another order of bytes or elements.</exception>
    internal static NpyFile Read(string path)
    {
        using FileStream file = File.OpenRead(path);
        Span<byte> start = stackalloc byte[12];
        int read = file.ReadAtLeast(start, 12, throwOnEndOfStream: false);
        if (read < 12 || !start.StartsWith(Magic)) throw new InvalidDataException($"{path} is no NumPy array: its first bytes are others");
        (int lengthBytes, int version) = (start[6] == 1 ? 2 : 4, start[6]);
        if (version is < 1 or > 3) throw new InvalidDataException($"{path} is a NumPy array of format {version}, 1 to 3 are known");
        long length = lengthBytes == 2 ? BinaryPrimitives.ReadUInt16LittleEndian(start[8..]) : BinaryPrimitives.ReadUInt32LittleEndian(start[8..]);
        if (length > MaxHeader) throw new InvalidDataException($"{path} has a header of {length} bytes, at most {MaxHeader} are expected");
        int offset = 8 + lengthBytes + (int)length;
        byte[] bytes = new byte[length];
        file.Position = 8 + lengthBytes;
        if (file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) < bytes.Length)
            throw new InvalidDataException($"{path} ends in its header");
        string header = Encoding.Latin1.GetString(bytes);
        string descr = Value(path, header, "descr").Trim('\'', '"');
        if (!Value(path, header, "fortran_order").StartsWith("False", StringComparison.Ordinal))
            throw new InvalidDataException($"{path} is in Fortran order; save numpy.ascontiguousarray(array) instead");
        if (descr.Length != 3 || descr[0] is not ('<' or '|'))
            throw new InvalidDataException($"{path} holds elements of type {descr}, little-endian numbers are read");
        string[] dims = Value(path, header, "shape").Trim('(', ')').Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        int[] shape = new int[dims.Length];
        long elements = 1;
        for (int i = 0; i < shape.Length; i++)
            if (!int.TryParse(dims[i], NumberStyles.None, CultureInfo.InvariantCulture, out shape[i]) || (elements *= shape[i]) > long.MaxValue / int.MaxValue)
                throw new InvalidDataException($"{path} has the shape ({string.Join(", ", dims)}), which is not understood");
        return new NpyFile(descr[1..], shape, offset);
    }

    static string Value(string path, string header, string key)
    {
        int at = header.IndexOf($"'{key}'", StringComparison.Ordinal), colon = at < 0 ? -1 : header.IndexOf(':', at);
        if (colon < 0) throw new InvalidDataException($"{path} has a header without '{key}'");
        string rest = header[(colon + 1)..].TrimStart();
        int end = rest.StartsWith('(') ? rest.IndexOf(')', StringComparison.Ordinal) + 1 : rest.StartsWith('[') ? rest.Length : rest.IndexOfAny([',', '}']);
        return end <= 0 ? throw new InvalidDataException($"{path} has a header that ends in '{key}'") : rest[..end];
    }
}
