using EdgeML.Native.Imaging;
using EdgeML.Native.Models.Manifest;

namespace EdgeML.Training.Data;

/// <summary>Pictures in one folder per class; a folder of pictures alone, or one picture, has no labels.</summary>
/// <remarks>Folders that are named like the model's classes are those classes. Otherwise the order of their names counts, and there must
/// not be more of them than classes. Reading a sample decodes its file and allocates.</remarks>
public sealed class ImageFolderSource : ImageSource
{
    readonly List<(string Path, int Label)> _files = [];
    readonly PictureReader _reader = new();
    readonly FrameFitter _fitter;
    readonly List<string> _notes = [];
    readonly List<string> _warnings = [];
    readonly string _path;
    string[] _classes = [];

    /// <summary>Lists a folder; files are opened when they are read.</summary>
    /// <param name="path">The folder, or one file.</param>
    /// <param name="picture">The network's input.</param>
    /// <param name="shape">Of its input.</param>
    /// <param name="model">Whose classes the folders are; null counts and compares nothing.</param>
    internal ImageFolderSource(string path, PictureInput picture, IReadOnlyList<int> shape, ModelManifest? model)
    {
        (_path, Shape, _fitter) = (path, shape, new FrameFitter(picture));
        if (File.Exists(path))
        {
            _files.Add((path, NoLabel));
            return;
        }
        if (!Directory.Exists(path)) throw new DirectoryNotFoundException($"folder {path} does not exist");
        var scan = new FolderScan();
        string[] folders = scan.Folders(path);
        List<string>[] pictures = [.. folders.Select(folder => scan.Pictures(folder, inside: true))];
        List<string> beside = scan.Pictures(path, inside: false);
        _notes.AddRange(scan.Notes());
        if (pictures.All(each => each.Count == 0)) (folders, pictures) = ([], []);
        string[] names = [.. folders.Select(folder => Path.GetFileName(folder))];
        if (folders.Length == 0) _files.AddRange(beside.Select(file => (file, NoLabel)));
        else if (beside.Count > 0) _notes.Add($"{FolderScan.Counted(beside.Count, "picture")} beside the folders skipped, having no class");
        int[] labels = Labels(names, pictures, model);
        for (int i = 0; i < folders.Length; i++) _files.AddRange(pictures[i].Select(file => (file, labels[i])));
        if (_files.Count == 0)
            throw new FileNotFoundException(
                $"folder {path} holds no picture, nor do folders in it{string.Concat(_notes.Select(note => $"; {note}"))}; "
                + $"{PictureReader.Known} are read");
    }

    /// <inheritdoc/>
    public override IReadOnlyList<int> Shape { get; }

    /// <inheritdoc/>
    public override long? Count => _files.Count;

    /// <inheritdoc/>
    public override bool HasLabels => _files[0].Label >= 0;

    /// <inheritdoc/>
    public override IReadOnlyList<string> ClassNames => _classes;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Notes => _notes;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Warnings => _warnings;

    /// <inheritdoc/>
    protected override string Name(long index) =>
        _files[(int)index].Path == _path ? Path.GetFileName(_path) : Path.GetRelativePath(_path, _files[(int)index].Path).Replace('\\', '/');

    /// <summary>Nothing: folders are matched when they are listed.</summary>
    internal override void Match(ModelManifest model)
    {
    }

    /// <inheritdoc/>
    protected override int ReadBytes(long index, Span<byte> input)
    {
        (string path, int label) = _files[(int)index];
        _reader.Load(path);
        _fitter.Fit(_reader.Frame, input);
        return label;
    }

    int[] Labels(string[] names, List<string>[] pictures, ModelManifest? model)
    {
        if (names.Length == 0) return [];
        if (model is { IsClassifier: false }) return [.. names.Select(_ => NoLabel)];
        if (model is { ClassNames.Count: > 0 })
        {
            var known = new LabelNames(model.ClassNames);
            int[] found = [.. names.Select(known.Find)];
            // A folder without pictures, of notes for instance, needs no class.
            int[] strange = [.. Enumerable.Range(0, names.Length).Where(i => found[i] < 0 && pictures[i].Count > 0)];
            if (strange.Length == 0)
            {
                if (found.Contains(-1))
                    _notes.Add($"{Empty(Enumerable.Range(0, names.Length).Where(i => found[i] < 0).Select(i => names[i]))} skipped");
                _classes = [.. model.ClassNames];
                return found;
            }
            if (found.Any(label => label >= 0))
                throw new InvalidDataException(
                    $"{_path}: folder {FolderScan.List(strange.Select(i => $"'{names[i]}'"))} is none of the {model.Classes} classes of "
                    + $"{model.Name}, other folders are; classes are {FolderScan.List(model.ClassNames)}");
        }
        string empty = pictures.Any(each => each.Count == 0)
            ? $"; {Empty(Enumerable.Range(0, names.Length).Where(i => pictures[i].Count == 0).Select(i => names[i]))}" : "";
        if (model is not null && names.Length > model.Classes)
            throw new InvalidDataException(
                $"{_path} has {names.Length} folders ({FolderScan.List(names)}), {model.Name} tells {model.Classes} classes apart{empty}");
        _classes = names;
        if (model is null) return [.. Enumerable.Range(0, names.Length)];
        string order = $"a folder's place in the order of names is its class: "
            + FolderScan.List(names.Select((name, i) => $"{name} = {i}{(model.ClassNames.Count > 0 ? $" ({model.ClassNames[i]})" : "")}"));
        if (names.Length < model.Classes)
            _warnings.Add($"{_path} has {FolderScan.Counted(names.Length, "folder")}, {model.Name} tells {model.Classes} classes apart; {order}{empty}");
        else if (model.ClassNames.Count > 0)
            _warnings.Add($"no folder of {_path} is named like a class of {model.Name}; {order}");
        else if (empty.Length > 0) _warnings.Add($"{_path}{empty}; {order}");
        if (names.Where((name, i) => int.TryParse(name, out int number) && number != i).Any())
            _warnings.Add($"{_path}: folders are named by numbers, and {order}");
        return [.. Enumerable.Range(0, names.Length)];
    }

    static string Empty(IEnumerable<string> names)
    {
        string[] all = [.. names];
        return $"{FolderScan.Counted(all.Length, "folder")} without pictures ({FolderScan.List(all)})";
    }
}
