using EdgeML.Native.Preparation;
using EdgeML.Training.Data;

namespace EdgeML.Benchmarks.Subjects;

/// <summary>The networks benchmarks run on, prepared once into a temporary folder that goes with the object.</summary>
sealed class BenchmarkModels(Options options) : IDisposable
{
    const string SharedVgg16 = "shared/models/vgg16-cifar10-branched.onnx";

    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("edgeml-benchmarks-");
    readonly Dictionary<string, string> _packages = [];

    /// <summary>Package folder of the shipped network.</summary>
    /// <exception cref="FileNotFoundException">It is nowhere.</exception>
    public string Shipped => Prepared(ShippedFile);

    /// <summary>The shipped network's ONNX file.</summary>
    /// <exception cref="FileNotFoundException">It is nowhere.</exception>
    public string ShippedFile => options.Model ?? ProjectFolders.ShippedModel ?? throw new FileNotFoundException(
        $"no {ProjectFolders.ShippedModelFile} in {string.Join(", ", ProjectFolders.ShippedModelPlaces)}; --model names another");

    /// <summary>Package folder of the large network, or null where it is not.</summary>
    public string? Vgg16 => (options.Vgg16 ?? FindShared(SharedVgg16)) is { } file ? Prepared(file) : null;

    public static string NoVgg16 => $"skipped: no {SharedVgg16} beside the checkout";

    string Prepared(string onnx)
    {
        if (_packages.TryGetValue(onnx, out string? package)) return package;
        package = Path.Combine(_folder.FullName, $"{_packages.Count}-{Path.GetFileNameWithoutExtension(onnx)}");
        ModelPreparation.Prepare(onnx, package);
        _packages.Add(onnx, package);
        return package;
    }

    /// <summary>A file or folder beside the checkout, or null.</summary>
    public static string? FindShared(string relative)
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            string path = Path.Combine(at.FullName, relative);
            if (Path.Exists(path)) return path;
        }
        return null;
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
