namespace EdgeML.Native.Lab.Reports;

/// <summary>Writes files that are either complete or not there: a temporary name in the same folder, then a rename.</summary>
public static class AtomicFile
{
    /// <summary>Replaces <paramref name="path"/> by what <paramref name="write"/> produces; an exception leaves the old file as it
    /// was.</summary>
    /// <param name="path">The file; its folder must exist.</param>
    /// <param name="write">Writes the content; the stream is closed afterwards.</param>
    /// <exception cref="DirectoryNotFoundException">The folder does not exist.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        string full = Path.GetFullPath(path);
        string folder = Path.GetDirectoryName(full) ?? throw new ArgumentException($"'{path}' names no file");
        if (!Directory.Exists(folder)) throw new DirectoryNotFoundException($"folder {folder} of {path} does not exist");
        if (Directory.Exists(full)) throw new ArgumentException($"{path} is a folder, a file is wanted");
        string temporary = Path.Combine(folder, $".{Path.GetFileName(full)}.{Environment.ProcessId}.tmp");
        try
        {
            using (FileStream stream = new(temporary, FileMode.Create, FileAccess.Write)) write(stream);
            File.Move(temporary, full, overwrite: true);
        }
        finally
        {
            // After a successful rename there is nothing under this name.
            File.Delete(temporary);
        }
    }
}
