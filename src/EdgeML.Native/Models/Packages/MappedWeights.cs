using System.IO.MemoryMappedFiles;
using EdgeML.Native.Models.Onnx;
using Microsoft.Win32.SafeHandles;

namespace EdgeML.Native.Models.Packages;

/// <summary>The weights file of a package, mapped read-only: its pages are shared by all engines and processes that use it.</summary>
sealed unsafe class MappedWeights : IDisposable
{
    readonly MemoryMappedFile? _file;
    readonly MemoryMappedViewAccessor? _view;
    readonly byte* _first;

    internal MappedWeights(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
        Length = stream.Length;
        if (Length == 0) return; // an empty file cannot be mapped
        _file = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        try
        {
            _view = _file.CreateViewAccessor(0, Length, MemoryMappedFileAccess.Read);
            _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _first);
            _first += _view.PointerOffset;
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    internal long Length { get; }

    /// <summary>Keeps the mapping alive as long as a reference to it is held; null for a file without bytes.</summary>
    internal SafeMemoryMappedViewHandle? Handle => _view?.SafeMemoryMappedViewHandle;

    internal nint Address(long offset) => (nint)(_first + offset);

    internal ReadOnlySpan<byte> Bytes(long offset, long length) => new(_first + offset, checked((int)length));

    internal static ReadOnlySpan<byte> Bytes(WeightTensor weight) => new((void*)weight.Address, checked((int)weight.Bytes));

    /// <summary>Hex digest of the mapped bytes themselves, so that the checked bytes are those that are used.</summary>
    internal string Sha256()
    {
        var hash = new ContentHash();
        for (long at = 0; at < Length; at += 1 << 24)
            hash.Append(Bytes(at, Math.Min(1 << 24, Length - at)));
        return hash.Finish();
    }

    public void Dispose()
    {
        if (_first is not null) _view!.SafeMemoryMappedViewHandle.ReleasePointer();
        _view?.Dispose();
        _file?.Dispose();
    }
}
