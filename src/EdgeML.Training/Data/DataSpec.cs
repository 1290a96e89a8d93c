using System.Globalization;
using EdgeML.Native.Models.Manifest;

namespace EdgeML.Training.Data;

/// <summary>Where samples come from, as given on the command line; immutable. Parsing checks the words, opening checks the files.</summary>
/// <remarks>
/// <c>shapes:seed=S,difficulty=easy|hard|mixed|drift[,size=N][,count=N]</c>, <c>cifar10:FILE-OR-FOLDER</c>,
/// <c>cifar100:FILE-OR-FOLDER[,labels=fine|coarse]</c>, <c>images:FOLDER</c>, <c>tensor:FILE[,labels=FILE]</c>.
/// </remarks>
public sealed record DataSpec
{
    DataSpec(string text, string kind, string path) => (Text, Kind, Path) = (text, kind, path);

    /// <summary>The specification as given.</summary>
    public string Text { get; }

    /// <summary>The word before the colon.</summary>
    public string Kind { get; }

    /// <summary>File or folder; empty for shapes.</summary>
    public string Path { get; }

    /// <summary>File with the labels of <c>tensor:</c>, <c>coarse</c> or <c>fine</c> of <c>cifar100:</c>; null where none is named.</summary>
    public string? Labels { get; private init; }

    /// <summary>Seed of shapes.</summary>
    public ulong Seed { get; private init; } = 1;

    /// <summary>Difficulty of shapes.</summary>
    public ShapesDifficulty Difficulty { get; private init; } = ShapesDifficulty.Mixed;

    /// <summary>Side of shapes in pixels; null takes the model's.</summary>
    public int? Size { get; private init; }

    /// <summary>Samples of shapes after which they begin again, and over which drift runs; null leaves it to the caller.</summary>
    public long? Count { get; private init; }

    /// <summary>Reads a specification.</summary>
    /// <exception cref="ArgumentException">An unknown kind, key or value; the message names the known ones.</exception>
    public static DataSpec Parse(string text)
    {
        int colon = text.IndexOf(':');
        string kind = colon < 0 ? text : text[..colon], rest = colon < 0 ? "" : text[(colon + 1)..];
        switch (kind)
        {
            case "shapes":
                return ParseShapes(text, rest);
            case "cifar10" or "cifar100" or "images" or "tensor":
                if (rest.Length == 0) throw new ArgumentException($"data '{text}': a path is missing after '{kind}:'");
                return kind is "cifar100" or "tensor" ? ParseLabels(text, kind, rest) : new(text, kind, rest);
            default:
                throw new ArgumentException(
                    $"data '{text}': unknown kind '{kind}', known are shapes:, cifar10:, cifar100:, images:, tensor:");
        }
    }

    /// <summary>Opens the source for a package's network: pictures are brought to its input as the package says, and labels are checked
    /// against its classes.</summary>
    /// <param name="model">Of a package.</param>
    /// <param name="count">Samples that will be read, over which drift runs unless the specification says otherwise.</param>
    /// <exception cref="FileNotFoundException">Nothing is at the path.</exception>
    /// <exception cref="InvalidDataException">The content is malformed, or does not fit the input or the classes.</exception>
    public ImageSource Open(ModelManifest model, long? count = null)
    {
        ImageSource source = Open(model.Input.Shape, PictureInput.Of(model), model, count);
        try
        {
            source.Match(model);
            return source;
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    /// <summary>Opens the source for an input of the usual kind: red, green and blue planes.</summary>
    /// <param name="inputShape">Of the network without the batch dimension; every sample must have it.</param>
    /// <param name="count">Samples that will be read, over which drift runs unless the specification says otherwise.</param>
    /// <exception cref="FileNotFoundException">Nothing is at the path.</exception>
    /// <exception cref="InvalidDataException">The content is malformed or does not fit the shape.</exception>
    public ImageSource Open(IReadOnlyList<int> inputShape, long? count = null) =>
        Open(inputShape, PictureInput.Usual(inputShape), model: null, count);

    ImageSource Open(IReadOnlyList<int> shape, PictureInput? picture, ModelManifest? model, long? count)
    {
        if (model is { TakesBytes: false } && Kind != "tensor")
            throw new InvalidDataException($"data '{Text}' gives pictures, {model.Name} takes {string.Join(", ", model.Inputs!)}; tensor:FILE gives rows of them");
        if (Kind == "tensor") return new TensorSource(Path, shape, Labels, model?.ClassNames) { Spec = Text };
        string wanted = $"the network's input is {string.Join('x', shape)}";
        if (picture is null || (Kind != "images" && picture.Height != picture.Width))
            throw new InvalidDataException($"data '{Text}' gives {(picture is null ? "" : "square ")}pictures, {wanted}");
        int side = picture.Height;
        switch (Kind)
        {
            case "images":
                return new ImageFolderSource(Path, picture, shape, model) { Spec = Text };
            case "shapes":
                if (Size is { } size && size != side) throw new InvalidDataException($"data '{Text}' gives 3x{size}x{size}, {wanted}");
                return Fitted(OpenShapes(side, count), picture, shape);
            case "cifar10":
                return Fitted(new CifarSource(Path, side) { Spec = Text }, picture, shape);
            default:
                return Fitted(CifarSource.OpenHundred(Path, Labels == "coarse", side, Text), picture, shape);
        }
    }

    static PlaneSource Fitted(PlaneSource source, PictureInput picture, IReadOnlyList<int> shape)
    {
        source.FitTo(picture, shape);
        return source;
    }

    /// <summary>A path, and the key <c>labels</c> after its last comma; a file whose own name looks like that is taken as it is.</summary>
    static DataSpec ParseLabels(string text, string kind, string rest)
    {
        const string Key = ",labels=";
        int at = rest.LastIndexOf(Key, StringComparison.Ordinal);
        if (at < 0 || File.Exists(rest)) return new(text, kind, rest);
        string labels = rest[(at + Key.Length)..];
        if (at == 0) throw new ArgumentException($"data '{text}': a path is missing after '{kind}:'");
        if (kind == "cifar100" && labels is not ("coarse" or "fine"))
            throw new ArgumentException($"data '{text}': labels '{labels}' is none of fine, coarse");
        if (labels.Length == 0) throw new ArgumentException($"data '{text}': a path is missing after 'labels='");
        return new(text, kind, rest[..at]) { Labels = labels };
    }

    ShapesSource OpenShapes(int size, long? count)
    {
        if (size is < ShapesRenderer.MinSize or > ShapesRenderer.MaxSize)
            throw new InvalidDataException($"data '{Text}': size {size} is outside {ShapesRenderer.MinSize}..{ShapesRenderer.MaxSize}");
        long? period = Count ?? (Difficulty == ShapesDifficulty.Drift ? count ?? 1000 : null);
        return new(Seed, Difficulty, size, period) { Spec = Text };
    }

    static DataSpec ParseShapes(string text, string rest)
    {
        var spec = new DataSpec(text, "shapes", "");
        var seen = new HashSet<string>();
        foreach (string pair in rest.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            int equals = pair.IndexOf('=');
            string key = equals < 0 ? pair : pair[..equals], value = equals < 0 ? "" : pair[(equals + 1)..];
            if (!seen.Add(key)) throw new ArgumentException($"data '{text}': key '{key}' is given twice");
            spec = key switch
            {
                "seed" => spec with { Seed = Number(text, key, value, 0, ulong.MaxValue) },
                "difficulty" => spec with { Difficulty = ParseDifficulty(value) },
                "size" => spec with { Size = (int)Number(text, key, value, ShapesRenderer.MinSize, ShapesRenderer.MaxSize) },
                "count" => spec with { Count = (long)Number(text, key, value, 1, long.MaxValue) },
                _ => throw new ArgumentException($"data '{text}': unknown key '{key}', known are seed, difficulty, size, count"),
            };
        }
        return spec;
    }

    /// <summary>Reads the name of a difficulty.</summary>
    /// <exception cref="ArgumentException">It is none of easy, hard, mixed, drift.</exception>
    public static ShapesDifficulty ParseDifficulty(string value) => value switch
    {
        "easy" => ShapesDifficulty.Easy,
        "hard" => ShapesDifficulty.Hard,
        "mixed" => ShapesDifficulty.Mixed,
        "drift" => ShapesDifficulty.Drift,
        _ => throw new ArgumentException($"difficulty '{value}' is none of easy, hard, mixed, drift"),
    };

    static ulong Number(string text, string key, string value, ulong low, ulong high)
    {
        if (!ulong.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out ulong number) || number < low || number > high)
            throw new ArgumentException($"data '{text}': {key} '{value}' is not a whole number in {low}..{high}");
        return number;
    }
}
