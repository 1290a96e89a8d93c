namespace EdgeML.Training.Data;

/// <summary>Where the shipped model and the cache of engines are, seen from a source tree or from an installed command.</summary>
static class ProjectFolders
{
    /// <summary>File name of the model that comes with the project.</summary>
    public const string ShippedModelFile = "shapes-vgg.onnx";

    /// <summary>The source tree that the program was built in; null for an installed one.</summary>
    internal static string? SourceTree { get; } = FindSourceTree();

    /// <summary>Places where the shipped model may be, in order: <c>models/</c> beside the program, of the source tree it was built in,
    /// and of the current folder.</summary>
    public static IReadOnlyList<string> ShippedModelPlaces { get; } = Places();

    /// <summary>Path of the shipped model, or null.</summary>
    public static string? ShippedModel => ShippedModelPlaces.FirstOrDefault(File.Exists);

    /// <summary>Folder for files compiled or measured once per machine and model: <c>engines/</c> of the source tree, else the user's
    /// cache.</summary>
    public static string Engines
    {
        get
        {
            if (SourceTree is { } tree) return Path.Combine(tree, "engines");
            string cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } chosen
                ? chosen
                : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
            return Path.Combine(cache, "edgeml", "engines");
        }
    }

    static string? FindSourceTree()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "EdgeML.Native.sln"))) return folder.FullName;
        return null;
    }

    static IReadOnlyList<string> Places()
    {
        var places = new List<string> { Path.Combine(AppContext.BaseDirectory, "models", ShippedModelFile) };
        // Of the folders above only a source tree is searched; others are other people's.
        if (SourceTree is { } tree) places.Add(Path.Combine(tree, "models", ShippedModelFile));
        places.Add(Path.Combine(Environment.CurrentDirectory, "models", ShippedModelFile));
        return [.. places.Distinct()];
    }
}
