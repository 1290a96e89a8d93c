using Microsoft.Win32.SafeHandles;

namespace EdgeML.Training.Data;

/// <summary>One or several files of equal records, read by record number.</summary>
sealed class RecordFile : IDisposable
{
    readonly List<(SafeFileHandle Handle, long Records)> _files = [];
    readonly int _recordBytes;
    readonly int _headerBytes;
    readonly Func<long, string>? _hint;

    /// <param name="paths">Files, in order.</param>
    /// <param name="recordBytes">Of one record.</param>
    /// <param name="headerBytes">To skip in each.</param>
    /// <param name="hint">Says more of a length that does not fit; null for nothing.</param>
    public RecordFile(IEnumerable<string> paths, int recordBytes, int headerBytes = 0, Func<long, string>? hint = null)
    {
        (_recordBytes, _headerBytes, _hint) = (recordBytes, headerBytes, hint);
        try
        {
            foreach (string path in paths) Add(path);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Records of all files.</summary>
    public long Count { get; private set; }

    /// <summary>Reads a part of a record.</summary>
    public void Read(long record, int offset, Span<byte> destination)
    {
        foreach ((SafeFileHandle handle, long records) in _files)
        {
            if (record >= records)
            {
                record -= records;
                continue;
            }
            long at = _headerBytes + (record * _recordBytes) + offset;
            while (destination.Length > 0)
            {
                int read = RandomAccess.Read(handle, destination, at);
                if (read == 0) throw new InvalidDataException($"file ends at byte {at}, in the middle of record {record}");
                at += read;
                destination = destination[read..];
            }
            return;
        }
        throw new ArgumentOutOfRangeException(nameof(record), $"record {record} is past the end");
    }

    public void Dispose()
    {
        foreach ((SafeFileHandle handle, _) in _files) handle.Dispose();
        _files.Clear();
    }

    void Add(string path)
    {
        SafeFileHandle handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read, FileOptions.RandomAccess);
        _files.Add((handle, 0));
        long length = RandomAccess.GetLength(handle) - _headerBytes;
        if (length <= 0 || length % _recordBytes != 0)
            throw new InvalidDataException(
                $"{path} has {length} bytes, not a multiple of {_recordBytes} (one record){_hint?.Invoke(length)}");
        _files[^1] = (handle, length / _recordBytes);
        Count += length / _recordBytes;
    }
}
