namespace EdgeML.Native.Lab.Data;

/// <summary>Records of one label byte and three planes, as CIFAR-10 is distributed; other sizes than 32 x 32 too.</summary>
public sealed class CifarSource : ImageSource
{
    static readonly string[] s_cifarNames =
        ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

    readonly RecordFile _records;
    readonly int _size;

    /// <summary>Opens a file, or every <c>*.bin</c> of a folder in order of name.</summary>
    /// <param name="path">File or folder.</param>
    /// <param name="size">Side of the square pictures in pixels.</param>
    /// <exception cref="FileNotFoundException">Nothing is there.</exception>
    /// <exception cref="InvalidDataException">A file's length is not a multiple of a record's, or a label is outside 0..9.</exception>
    public CifarSource(string path, int size = 32)
    {
        _size = size;
        Shape = [3, size, size];
        _records = new RecordFile(Files(path), 1 + (3 * size * size));
    }

    /// <summary>Classes of CIFAR-10 and of "shapes" alike.</summary>
    public const int Classes = 10;

    /// <inheritdoc/>
    public override IReadOnlyList<int> Shape { get; }

    /// <inheritdoc/>
    public override long? Count => _records.Count;

    /// <inheritdoc/>
    public override IReadOnlyList<string> ClassNames => _size == 32 ? s_cifarNames : [];

    /// <inheritdoc/>
    protected override int ReadBytes(long index, Span<byte> planes)
    {
        Span<byte> label = stackalloc byte[1];
        _records.Read(index, 0, label);
        if (label[0] >= Classes)
        {
            string expected = $"not 0..{Classes - 1}; is the side {_size} pixels?";
            throw new InvalidDataException($"record {index} of {Spec} has label {label[0]}, {expected}");
        }
        _records.Read(index, 1, planes);
        return label[0];
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _records.Dispose();
        base.Dispose(disposing);
    }

    static string[] Files(string path)
    {
        if (File.Exists(path)) return [path];
        if (!Directory.Exists(path)) throw new FileNotFoundException($"{path} is neither a file nor a folder");
        string[] files = Directory.GetFiles(path, "*.bin");
        if (files.Length == 0) throw new FileNotFoundException($"folder {path} holds no *.bin file");
        Array.Sort(files, StringComparer.Ordinal);
        return files;
    }
}
