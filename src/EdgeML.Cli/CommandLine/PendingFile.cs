using EdgeML.Native.Models.Packages;

namespace EdgeML.Cli.CommandLine;

/// <summary>A file that is written bit by bit under a temporary name and gets its own at the end; without <see cref="Commit"/> nothing
/// is left of it.</summary>
sealed class PendingFile : IDisposable
{
    readonly string _path;
    readonly string _temporary;
    readonly FileStream _stream;
    bool _committed;

    public PendingFile(string path)
    {
        _path = Path.GetFullPath(path);
        _temporary = TemporaryPlace.Beside(_path);
        _stream = new FileStream(_temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 1 << 16);
    }

    public Stream Stream => _stream;

    /// <summary>The content is complete.</summary>
    public void Commit()
    {
        _stream.Flush(flushToDisk: true);
        _stream.Dispose();
        File.Move(_temporary, _path, overwrite: true);
        _committed = true;
    }

    public void Dispose()
    {
        _stream.Dispose();
        if (!_committed) File.Delete(_temporary);
    }
}
