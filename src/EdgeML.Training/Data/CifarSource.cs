using EdgeML.Native.Models.Manifest;

namespace EdgeML.Training.Data;

/// <summary>Records of label bytes and three planes, as CIFAR-10 (one label) and CIFAR-100 (a coarse and a fine one) are distributed; other
/// sizes than 32 x 32 too.</summary>
public sealed class CifarSource : PlaneSource
{
    static readonly string[] s_cifarNames =
        ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

    const int StandardSize = 32;

    readonly RecordFile _records;
    readonly int _size;
    readonly int _labelBytes;
    readonly int _labelAt;
    readonly string[] _names;

    /// <summary>Opens CIFAR-10's format: a file, or every <c>*.bin</c> of a folder in order of name.</summary>
    /// <param name="path">File or folder.</param>
    /// <param name="size">Side of the square pictures in pixels.</param>
    /// <exception cref="FileNotFoundException">Nothing is there.</exception>
    /// <exception cref="InvalidDataException">A file's length is not a multiple of a record's, or a label is outside 0..9.</exception>
    public CifarSource(string path, int size = StandardSize)
        : this(path, size, labelBytes: 1, labelAt: 0, Classes, size == StandardSize ? s_cifarNames : [])
    {
    }

    CifarSource(string path, int size, int labelBytes, int labelAt, int labels, string[] names)
        : base(size)
    {
        (_size, _labelBytes, _labelAt, Labels, _names) = (size, labelBytes, labelAt, labels, names);
        int pixels = 3 * size * size, other = labelBytes == 1 ? 2 : 1, standard = labelBytes + (3 * StandardSize * StandardSize);
        _records = new RecordFile(Files(path), labelBytes + pixels, hint: length =>
            length > 0 && length % (other + pixels) == 0 ? $"; records of {other + pixels} would fit, which are cifar10{(other == 2 ? "0" : "")}:"
            : length > 0 && length % standard == 0
                ? $"; pictures of {StandardSize} x {StandardSize} would fit, the network's are {size} x {size}, and these files are not resized"
            : "");
    }

    /// <summary>Opens CIFAR-100's format.</summary>
    /// <param name="path">File or folder.</param>
    /// <param name="coarse">Whether the 20 coarse classes are the labels; otherwise the 100 fine ones.</param>
    /// <param name="size">Side of the square pictures in pixels.</param>
    /// <param name="spec">The specification it was opened from; null for the path.</param>
    /// <exception cref="FileNotFoundException">Nothing is there.</exception>
    /// <exception cref="InvalidDataException">A file's length is not a multiple of a record's, or a label is out of range.</exception>
    public static CifarSource OpenHundred(string path, bool coarse = false, int size = StandardSize, string? spec = null)
    {
        string? folder = Directory.Exists(path) ? path : Path.GetDirectoryName(path);
        string list = Path.Combine(folder ?? "", coarse ? "coarse_label_names.txt" : "fine_label_names.txt");
        int labels = coarse ? 20 : 100;
        string[] names = File.Exists(list) ? [.. File.ReadLines(list).Select(name => name.Trim()).Where(name => name.Length > 0)] : [];
        return new CifarSource(path, size, labelBytes: 2, labelAt: coarse ? 0 : 1, labels, names.Length == labels ? names : [])
        {
            Spec = spec ?? path,
        };
    }

    /// <summary>Classes of CIFAR-10 and of "shapes" alike.</summary>
    public const int Classes = 10;

    /// <summary>Labels are below this.</summary>
    public int Labels { get; }

    /// <inheritdoc/>
    public override long? Count => _records.Count;

    /// <inheritdoc/>
    public override IReadOnlyList<string> ClassNames => _names;

    /// <inheritdoc/>
    protected override int ReadPlanes(long index, Span<byte> planes)
    {
        Span<byte> label = stackalloc byte[1];
        _records.Read(index, _labelAt, label);
        if (label[0] >= Labels)
            throw new InvalidDataException(
                $"record {index} of {Spec} has label {label[0]}, not 0..{Labels - 1}; is the side {_size} pixels?");
        _records.Read(index, _labelBytes, planes);
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
