using System.Text;

namespace EdgeML.Native.Models;

/// <summary>Reads files of which only the name is known. Opening a pipe waits for a writer, deaf to signals, and a device may have no end.
/// Both have a length of 0, so nothing without a length is opened.</summary>
static class RegularFile
{
    /// <summary>Bytes of the file at the end of all links; 0 for an empty one and for what is no file.</summary>
    /// <exception cref="IOException">There is none.</exception>
    internal static long Length(string path)
    {
        var file = new FileInfo(path);
        return file.LinkTarget is null ? file.Length : new FileInfo(file.ResolveLinkTarget(returnFinalTarget: true)!.FullName).Length;
    }

    /// <exception cref="InvalidDataException">Empty, or no file.</exception>
    /// <exception cref="IOException">It cannot be opened.</exception>
    internal static FileStream Open(string path, int bufferSize = 4096) => Length(path) > 0
        ? new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize)
        : throw new InvalidDataException($"{Path.GetFileName(path)} is empty or not a regular file");

    /// <summary>A short text, in UTF-8.</summary>
    /// <inheritdoc cref="Read" path="/exception"/>
    internal static string ReadText(string path) => Encoding.UTF8.GetString(Read(path, 1 << 20));

    /// <summary>All bytes.</summary>
    /// <param name="path">Of the file.</param>
    /// <param name="most">Bytes that it may have.</param>
    /// <exception cref="InvalidDataException">Empty, no file, or longer.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    internal static byte[] Read(string path, long most)
    {
        using FileStream stream = Open(path, bufferSize: 0);
        long length = stream.Length;
        if (length > most) throw new InvalidDataException($"{Path.GetFileName(path)} has {length} bytes, at most {most} are expected");
        byte[] bytes = new byte[length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
