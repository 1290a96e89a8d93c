namespace EdgeML.Native.Models.Packages;

/// <summary>Files and folders that appear whole or not at all: written beside their place, then renamed.</summary>
static class AtomicFile
{
    internal static void Write(string path, Action<Stream> write)
    {
        string temporary = TemporaryPlace.Beside(path);
        try
        {
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <summary>Fills a folder. An existing one is replaced when it is empty or holds <paramref name="mark"/>, a file of the same kind of
    /// folder.</summary>
    /// <exception cref="ArgumentException">The place is taken by something else.</exception>
    internal static void WriteFolder(string path, string mark, Action<string> fill)
    {
        path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (File.Exists(path)) throw new ArgumentException($"{path} is a file, a folder is needed there");
        if (Directory.Exists(path) && !File.Exists(Path.Combine(path, mark)) && Directory.EnumerateFileSystemEntries(path).Any())
            throw new ArgumentException($"{path} is neither empty nor a package (no {mark} in it); it is left alone");
        string temporary = TemporaryPlace.Beside(path);
        Directory.CreateDirectory(temporary);
        try
        {
            fill(temporary);
            if (!Directory.Exists(path))
            {
                Directory.Move(temporary, path);
                return;
            }
            string old = TemporaryPlace.Beside(path);
            Directory.Move(path, old);
            try
            {
                Directory.Move(temporary, path);
            }
            catch
            {
                Directory.Move(old, path);
                throw;
            }
            Directory.Delete(old, recursive: true);
        }
        catch
        {
            if (Directory.Exists(temporary)) Directory.Delete(temporary, recursive: true);
            throw;
        }
    }
}
