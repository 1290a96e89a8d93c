using System.Buffers;
using System.IO.MemoryMappedFiles;

namespace EdgeML.Native.Models.Onnx;

/// <summary>The bytes of a file, read or, if they are many, mapped; slices keep them alive.</summary>
sealed class FileBytes
{
    const long LeastMapped = 256 << 20;
    const int HeadBytes = 4096, HashBytes = 1 << 24;

    readonly byte[]? _bytes;
    readonly MemoryMappedViewAccessor? _view;

    /// <exception cref="IOException">The file cannot be read.</exception>
    internal FileBytes(string path)
    {
        if (RegularFile.Length(path) == 0)
        {
            _bytes = [];
            return;
        }
        using FileStream stream = RegularFile.Open(path);
        Length = stream.Length;
        if (Length < LeastMapped)
        {
            _bytes = new byte[Length];
            stream.ReadExactly(_bytes);
            return;
        }
        using var file = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, true);
        _view = file.CreateViewAccessor(0, Length, MemoryMappedFileAccess.Read);
    }

    internal long Length { get; }

    internal ReadOnlyMemory<byte> Slice(long offset, int length) =>
        _bytes is not null ? _bytes.AsMemory((int)offset, length) : new View(_view!, offset, length).Memory;

    /// <summary>The first bytes.</summary>
    internal ReadOnlySpan<byte> Head() => Slice(0, (int)Math.Min(Length, HeadBytes)).Span;

    internal void AppendTo(ContentHash hash)
    {
        for (long at = 0; at < Length; at += HashBytes) hash.Append(Slice(at, (int)Math.Min(HashBytes, Length - at)).Span);
    }

    /// <summary>Part of a mapping, which the collector removes after the last part.</summary>
    sealed unsafe class View(MemoryMappedViewAccessor view, long offset, int length) : MemoryManager<byte>
    {
        byte* First => (byte*)view.SafeMemoryMappedViewHandle.DangerousGetHandle() + view.PointerOffset + offset;

        public override Span<byte> GetSpan() => new(First, length);

        public override MemoryHandle Pin(int elementIndex = 0)
        {
            bool held = false;
            view.SafeMemoryMappedViewHandle.DangerousAddRef(ref held);
            return new MemoryHandle(First + elementIndex, pinnable: this);
        }

        public override void Unpin() => view.SafeMemoryMappedViewHandle.DangerousRelease();

        protected override void Dispose(bool disposing)
        {
        }
    }
}
