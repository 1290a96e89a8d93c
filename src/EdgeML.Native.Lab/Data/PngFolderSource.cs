namespace EdgeML.Native.Lab.Data;

/// <summary>PNG files in one folder a class, classes in order of the folders' names; a folder of files alone has no labels.</summary>
/// <remarks>A picture of another size is cut to the wanted proportions around its middle, then resized by area means
/// (<see cref="PictureFit"/>). Reading a sample decodes its file and allocates.</remarks>
public sealed class PngFolderSource : ImageSource
{
    readonly List<(string Path, int Label)> _files = [];
    readonly string[] _classes;
    readonly int _height;
    readonly int _width;

    /// <summary>Lists a folder; files are opened when they are read.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="height">Every picture is brought to it.</param>
    /// <param name="width">Every picture is brought to it.</param>
    /// <exception cref="DirectoryNotFoundException">It does not exist.</exception>
    /// <exception cref="FileNotFoundException">There is no PNG file in it.</exception>
    public PngFolderSource(string path, int height, int width)
    {
        if (!Directory.Exists(path)) throw new DirectoryNotFoundException($"folder {path} does not exist");
        (_height, _width, Shape) = (height, width, [3, height, width]);
        string[] folders = Sorted(Directory.GetDirectories(path));
        _classes = [.. folders.Select(folder => Path.GetFileName(folder))];
        for (int label = 0; label < folders.Length; label++) Add(folders[label], label);
        if (folders.Length == 0) Add(path, NoLabel);
        if (_files.Count == 0)
            throw new FileNotFoundException($"folder {path} holds no *.png file, nor do the {folders.Length} folders in it");
    }

    /// <inheritdoc/>
    public override IReadOnlyList<int> Shape { get; }

    /// <inheritdoc/>
    public override long? Count => _files.Count;

    /// <inheritdoc/>
    public override bool HasLabels => _classes.Length > 0;

    /// <inheritdoc/>
    public override IReadOnlyList<string> ClassNames => _classes;

    /// <inheritdoc/>
    protected override string Name(long index) =>
        Path.GetRelativePath(Spec[(Spec.IndexOf(':', StringComparison.Ordinal) + 1)..], _files[(int)index].Path).Replace('\\', '/');

    /// <inheritdoc/>
    protected override int ReadBytes(long index, Span<byte> planes)
    {
        (string path, int label) = _files[(int)index];
        PngImage image = PngImage.Load(path);
        if (image.Height == _height && image.Width == _width)
        {
            image.CopyPlanes(planes);
            return label;
        }
        byte[] whole = new byte[3 * image.Width * image.Height];
        image.CopyPlanes(whole);
        PictureFit.Resize(whole, image.Width, image.Height, planes, _width, _height);
        return label;
    }

    void Add(string folder, int label)
    {
        foreach (string file in Sorted(Directory.GetFiles(folder, "*.png"))) _files.Add((file, label));
    }

    static string[] Sorted(string[] names)
    {
        Array.Sort(names, StringComparer.Ordinal);
        return names;
    }
}
