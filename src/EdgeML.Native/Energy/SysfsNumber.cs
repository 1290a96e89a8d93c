using System.Buffers.Text;
using Microsoft.Win32.SafeHandles;

namespace EdgeML.Native.Energy;

/// <summary>A file of the kernel that holds one whole number, kept open and read again and again without allocating.</summary>
sealed class SysfsNumber : IDisposable
{
    readonly SafeFileHandle _file;

    SysfsNumber(SafeFileHandle file) => _file = file;

    /// <summary>Opens a file.</summary>
    /// <exception cref="IOException">It is not there, or holds no number now.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not read it.</exception>
    public static SysfsNumber Open(string path)
    {
        var number = new SysfsNumber(File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        if (number.TryRead(out _)) return number;
        number.Dispose();
        throw new IOException($"{path} holds no number");
    }

    /// <summary>Reads a number once.</summary>
    /// <returns>Null where there is none or this user may not read it.</returns>
    public static long? ReadOnce(string path)
    {
        try
        {
            using SysfsNumber number = Open(path);
            return number.TryRead(out long value) ? value : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>First line of a file of the kernel; null where it cannot be read.</summary>
    public static string? ReadLine(string path)
    {
        try
        {
            using var reader = new StreamReader(path);
            return reader.ReadLine()?.Trim();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Folders in a folder whose names match, in order; none where it is missing or closed to this user.</summary>
    public static string[] Folders(string path, string pattern = "*")
    {
        try
        {
            string[] found = Directory.Exists(path) ? Directory.GetDirectories(path, pattern) : [];
            Array.Sort(found, StringComparer.Ordinal);
            return found;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    public bool TryRead(out long value)
    {
        Span<byte> text = stackalloc byte[32];
        try
        {
            // The kernel makes the text again for every read from the beginning.
            int bytes = RandomAccess.Read(_file, text, 0);
            return Utf8Parser.TryParse(text[..bytes], out value, out _);
        }
        catch (IOException)
        {
            // A rail that is switched off answers "no data".
            value = 0;
            return false;
        }
    }

    public void Dispose() => _file.Dispose();
}
