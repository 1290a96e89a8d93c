namespace EdgeML.Training.Data;

/// <summary>The pictures in a folder and the folders in it, and counts of skipped files.</summary>
sealed class FolderScan
{
    const int MostDepth = 16;

    static readonly string[] s_hidden = ["__MACOSX", "__pycache__", "@eaDir", "$RECYCLE.BIN", "System Volume Information"];

    readonly SortedDictionary<string, int> _others = new(StringComparer.Ordinal);
    readonly SortedSet<string> _hiddenFolders = new(StringComparer.Ordinal);
    int _hiddenFiles;
    int _links;

    /// <summary>Visible folders directly in a folder, by name.</summary>
    internal string[] Folders(string folder)
    {
        var visible = new List<string>();
        foreach (string path in Directory.GetDirectories(folder))
        {
            if (IsHidden(path)) _hiddenFolders.Add(Path.GetFileName(path));
            else visible.Add(path);
        }
        visible.Sort(StringComparer.Ordinal);
        return [.. visible];
    }

    /// <summary>Pictures in a folder, by name; of folders in it too, where asked.</summary>
    internal List<string> Pictures(string folder, bool inside, int depth = 0)
    {
        var pictures = new List<string>();
        foreach (string file in Directory.GetFiles(folder))
        {
            if (IsHidden(file)) _hiddenFiles++;
            else if (PictureReader.IsPicture(file)) pictures.Add(file);
            else
            {
                string extension = Path.GetExtension(file).ToLowerInvariant() is { Length: > 0 } known ? known : "without an ending";
                _others[extension] = _others.GetValueOrDefault(extension) + 1;
            }
        }
        pictures.Sort(StringComparer.Ordinal);
        if (!inside) return pictures;
        foreach (string each in Folders(folder))
        {
            // A link may lead back to a folder above it.
            if (depth == MostDepth || (File.GetAttributes(each) & FileAttributes.ReparsePoint) != 0) _links++;
            else pictures.AddRange(Pictures(each, inside: true, depth + 1));
        }
        return pictures;
    }

    /// <summary>One sentence per kind of thing that was passed over.</summary>
    internal IEnumerable<string> Notes()
    {
        if (_hiddenFolders.Count > 0)
            yield return $"{Counted(_hiddenFolders.Count, "hidden folder")} skipped: {List(_hiddenFolders)}";
        if (_hiddenFiles > 0) yield return $"{Counted(_hiddenFiles, "hidden file")} skipped";
        if (_others.Count > 0)
            yield return $"{Counted(_others.Values.Sum(), "file")} skipped: {List(_others.Select(other => $"{other.Value} {other.Key}"))}; "
                + $"{PictureReader.Known} are read";
        if (_links > 0) yield return $"{Counted(_links, "folder")} skipped, being links inside a class's folder or more than {MostDepth} deep";
    }

    /// <summary>At most ten of a list.</summary>
    internal static string List(IEnumerable<string> items)
    {
        string[] all = [.. items];
        return all.Length <= 10 ? string.Join(", ", all) : $"{string.Join(", ", all.Take(10))} and {all.Length - 10} more";
    }

    internal static string Counted(int count, string what) => $"{count} {what}{(count == 1 ? "" : "s")}";

    static bool IsHidden(string path)
    {
        string name = Path.GetFileName(path);
        return name.StartsWith('.') || s_hidden.Contains(name) || (File.GetAttributes(path) & FileAttributes.Hidden) != 0;
    }
}
