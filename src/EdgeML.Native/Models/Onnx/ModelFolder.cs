namespace EdgeML.Native.Models.Onnx;

/// <summary>The places where a model file may keep weights: a model is data from elsewhere, and must not cause reads of other files.</summary>
/// <remarks>
/// Files are judged by where they really lie, after all links. Allowed are the folder in which the model was named, the folder in which it
/// really lies, and, for a model in a cache of the form <c>snapshots/REVISION</c> beside <c>blobs</c>, those blobs.
/// </remarks>
sealed class ModelFolder
{
    const int MostLinks = 40;

    readonly string _named;
    readonly List<string> _allowed;

    /// <param name="path">Of the model file.</param>
    internal ModelFolder(string path)
    {
        path = Path.GetFullPath(path);
        _named = Real(Path.GetDirectoryName(path)!);
        string real = Path.GetDirectoryName(Real(path))!;
        _allowed = [_named, real];
        for (string? at = _named; Path.GetDirectoryName(at) is { } parent; at = parent)
        {
            if (Path.GetFileName(parent) != "snapshots" || Path.GetDirectoryName(parent) is not { } cache) continue;
            _allowed.Add(Path.Combine(cache, "blobs"));
            break;
        }
    }

    /// <summary>The real path of a file that the model names.</summary>
    /// <param name="location">As in the model.</param>
    /// <param name="what">The part of the model that names it, for the error.</param>
    /// <exception cref="InvalidDataException">Not there, or somewhere else.</exception>
    internal string Find(string location, string what)
    {
        if (location.Length == 0 || Path.IsPathRooted(location) || location.Split('/', '\\').Contains(".."))
            throw new InvalidDataException($"{what} lies in '{location}', outside the model's folder");
        foreach (string folder in _allowed.Take(2))
        {
            string path = Path.Combine(folder, location);
            if (!File.Exists(path)) continue;
            string real = Real(path);
            if (!_allowed.Exists(allowed => IsInside(real, allowed)))
                throw new InvalidDataException(
                    $"{what} lies in '{location}', a link that leads out of the model's folder; put the file itself there");
            // Opening a pipe would wait for a writer.
            if (new FileInfo(real).Length == 0)
                throw new InvalidDataException($"{what} lies in '{location}', which is empty or not a regular file");
            return real;
        }
        throw new InvalidDataException($"{what} lies in '{location}', which is not beside the model");
    }

    static bool IsInside(string path, string folder) =>
        path.StartsWith(Path.TrimEndingDirectorySeparator(folder) + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    /// <summary>A path without links, those of its folders included.</summary>
    static string Real(string path)
    {
        var open = new Stack<string>(Parts(path).Reverse());
        string real = Path.GetPathRoot(path)!;
        for (int links = 0; open.TryPop(out string? part);)
        {
            if (part == "..")
            {
                real = Path.GetDirectoryName(real) ?? real;
                continue;
            }
            string next = Path.Combine(real, part);
            if (new FileInfo(next).LinkTarget is not { } target)
            {
                real = next;
                continue;
            }
            if (++links > MostLinks) throw new InvalidDataException($"'{Path.GetFileName(path)}' is a link that leads to itself");
            if (Path.IsPathRooted(target)) real = Path.GetPathRoot(target)!;
            foreach (string step in Parts(target).Reverse()) open.Push(step);
        }
        return real;
    }

    static IEnumerable<string> Parts(string path) =>
        path[(Path.GetPathRoot(path)?.Length ?? 0)..]
            .Split([Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar], StringSplitOptions.RemoveEmptyEntries)
            .Where(part => part != ".");
}
