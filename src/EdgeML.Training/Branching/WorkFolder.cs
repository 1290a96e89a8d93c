using System.Globalization;
using EdgeML.Training.Data;

namespace EdgeML.Training.Branching;

/// <summary>Features and half-trained heads of an interrupted run, for the next one, each with the settings they were made for.</summary>
sealed class WorkFolder : IDisposable
{
    const string FeaturesId = "features.id", HeadsId = "heads.id", Progress = "rows", Lock = "lock";

    readonly FileStream _lock;

    /// <summary>Opens or makes the folder; only one run at a time works in it.</summary>
    /// <exception cref="ArgumentException">Something else lies there.</exception>
    /// <exception cref="IOException">Another run works in it.</exception>
    internal WorkFolder(string path)
    {
        Path = path;
        if (Directory.Exists(path) && !File.Exists(this[Lock]) && Directory.EnumerateFileSystemEntries(path).Any())
            throw new ArgumentException($"{path} is neither empty nor the work folder of edgeml branch; it is left alone");
        Directory.CreateDirectory(path);
        try
        {
            _lock = new FileStream(this[Lock], FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            throw new IOException($"another edgeml branch works in {path}", e);
        }
    }

    internal string Path { get; }

    internal string FeatureFile => this["features.bin"];

    internal string this[string name] => System.IO.Path.Combine(Path, name);

    internal string HeadFile(int head) => this[$"head{head + 1}.state"];

    /// <summary>Keeps the contents when they were made for the same settings; otherwise starts from scratch.</summary>
    /// <returns>Feature rows that are there.</returns>
    internal long BeginFeatures(string identity)
    {
        if (Begin(FeaturesId, identity, "features.bin", Progress, HeadsId)
            && long.TryParse(ReadOrEmpty(Progress), NumberStyles.None, CultureInfo.InvariantCulture, out long rows)
            && File.Exists(FeatureFile))
            return rows;
        File.Delete(FeatureFile);
        return 0;
    }

    /// <summary>The same for heads; called after <see cref="BeginFeatures"/>.</summary>
    internal void BeginHeads(string identity, int heads) =>
        Begin(HeadsId, identity, [.. Enumerable.Range(0, heads).Select(h => System.IO.Path.GetFileName(HeadFile(h)))]);

    /// <summary>Notes how many feature rows are complete.</summary>
    internal void KeepRows(long rows) =>
        OutputFile.WriteText(this[Progress], writer => writer.Write(rows.ToString(CultureInfo.InvariantCulture)));

    /// <summary>Takes the folder away.</summary>
    internal void Delete()
    {
        _lock.Dispose();
        Directory.Delete(Path, recursive: true);
    }

    public void Dispose() => _lock.Dispose();

    bool Begin(string name, string identity, params string[] stale)
    {
        if (ReadOrEmpty(name) == identity) return true;
        foreach (string file in stale) File.Delete(this[file]);
        OutputFile.WriteText(this[name], writer => writer.Write(identity));
        return false;
    }

    string ReadOrEmpty(string name) => File.Exists(this[name]) ? File.ReadAllText(this[name]) : "";
}
