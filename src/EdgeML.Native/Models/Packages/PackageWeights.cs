using System.IO.MemoryMappedFiles;
using EdgeML.Native.Models.Onnx;
using Microsoft.Win32.SafeHandles;

namespace EdgeML.Native.Models.Packages;

/// <summary>The weights of a package, read into memory that all engines share. A later write to the file, in place or not, changes
/// nothing.</summary>
sealed unsafe class PackageWeights : IDisposable
{
    const int MostAtOnce = 1 << 24;

    readonly MemoryMappedFile? _file;
    readonly MemoryMappedViewAccessor? _view;
    readonly byte* _first;

    /// <param name="path">The weights file.</param>
    /// <param name="expected">Bytes it should have; a file of another length is not read.</param>
    internal PackageWeights(string path, long expected)
    {
        Length = RegularFile.Length(path);
        if (Length == 0 || Length != expected) return;
        using FileStream stream = RegularFile.Open(path, bufferSize: 0);
        if (stream.Length != expected) throw new IOException($"{Path.GetFileName(path)} changes while it is read");
        _file = MemoryMappedFile.CreateNew(null, Length);
        try
        {
            _view = _file.CreateViewAccessor(0, Length);
            _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _first);
            _first += _view.PointerOffset;
            for (long at = 0; at < Length; at += MostAtOnce)
                stream.ReadExactly(new Span<byte>(_first + at, (int)Math.Min(MostAtOnce, Length - at)));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    internal long Length { get; }

    /// <summary>Keeps the memory alive as long as a reference to it is held; null for a file without bytes.</summary>
    internal SafeMemoryMappedViewHandle? Handle => _view?.SafeMemoryMappedViewHandle;

    internal nint Address(long offset) => (nint)(_first + offset);

    internal ReadOnlySpan<byte> Bytes(long offset, long length) => new(_first + offset, checked((int)length));

    internal static ReadOnlySpan<byte> Bytes(WeightTensor weight) => new((void*)weight.Address, checked((int)weight.Bytes));

    /// <summary>Hex digest of the bytes in memory, so that the checked bytes are those that are used.</summary>
    internal string Sha256()
    {
        var hash = new ContentHash();
        for (long at = 0; at < Length; at += MostAtOnce)
            hash.Append(Bytes(at, Math.Min(MostAtOnce, Length - at)));
        return hash.Finish();
    }

    public void Dispose()
    {
        if (_first is not null) _view!.SafeMemoryMappedViewHandle.ReleasePointer();
        _view?.Dispose();
        _file?.Dispose();
    }
}
