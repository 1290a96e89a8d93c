using EdgeML.Native.Models.Packages;

namespace EdgeML.Training.Data;

/// <summary>Writes files that are either complete or not there, after asking whether the place is one for a file.</summary>
static class OutputFile
{
    /// <summary>Replaces <paramref name="path"/> by the output of <paramref name="write"/>; an exception leaves the old file as it
    /// was.</summary>
    /// <param name="path">The file; its folder must exist.</param>
    /// <param name="write">Writes the content and leaves the stream open.</param>
    /// <exception cref="DirectoryNotFoundException">The folder does not exist.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        string full = Path.GetFullPath(path);
        string folder = Path.GetDirectoryName(full) ?? throw new ArgumentException($"'{path}' names no file");
        if (!Directory.Exists(folder)) throw new DirectoryNotFoundException($"folder {folder} of {path} does not exist");
        if (Directory.Exists(full)) throw new ArgumentException($"{path} is a folder, a file is wanted");
        AtomicFile.Write(full, write);
    }

    /// <summary>The same for text, in UTF-8.</summary>
    /// <param name="path">The file; its folder must exist.</param>
    /// <param name="write">Writes the text.</param>
    /// <exception cref="DirectoryNotFoundException">The folder does not exist.</exception>
    public static void WriteText(string path, Action<TextWriter> write) => Write(path, stream =>
    {
        using var writer = new StreamWriter(stream, leaveOpen: true);
        write(writer);
    });
}
