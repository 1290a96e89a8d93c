using System.Buffers;
using EdgeML.Native.Interop;
using EdgeML.Native.Interop.Types;
using EdgeML.Native.Offload.Server;

namespace EdgeML.Native.Inference.Engines;

/// <summary>Native memory that never moves: [headroom][data], data 64-byte aligned. Sessions read and write it, sockets send from
/// it; the headroom takes a frame's prelude and header so that one send carries all.</summary>
/// <remarks>Memory handed out must not be used after disposal; chains that were made with it keep the native side alive.</remarks>
sealed unsafe class PinnedBuffer : MemoryManager<byte>, ITailPayload
{
    readonly BufferHandle _handle;
    readonly byte* _data;

    public PinnedBuffer(Backend backend, long bytes, int headroom = 0)
    {
        NativeError.Check(NativeMethods.BufferCreate(out _handle, backend.Handle, (ulong)bytes, (ulong)headroom));
        var view = new BufferViewNative();
        NativeError.Check(NativeMethods.BufferGetView(ref view, _handle));
        _data = (byte*)view.Data;
        Length = checked((int)bytes);
        Headroom = headroom;
    }

    /// <summary>Bytes of data, headroom not counted.</summary>
    public int Length { get; }

    /// <summary>Writable bytes before the data.</summary>
    public int Headroom { get; }

    internal BufferHandle Handle => _handle;

    /// <summary>Of the data.</summary>
    public nint Address => (nint)_data;

    /// <summary>The data alone.</summary>
    public Span<byte> Data => new(_data, Length);

    /// <summary>The data as floats.</summary>
    public Span<float> Floats => new(_data, Length / sizeof(float));

    /// <summary>The data alone.</summary>
    public Memory<byte> DataMemory => Memory[Headroom..];

    Memory<byte> ITailPayload.Data => DataMemory;

    /// <summary>Headroom and data.</summary>
    public override Span<byte> GetSpan() => new(_data - Headroom, Headroom + Length);

    /// <inheritdoc/>
    public override MemoryHandle Pin(int elementIndex = 0)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)elementIndex, (uint)(Headroom + Length));
        return new MemoryHandle(_data - Headroom + elementIndex);
    }

    /// <inheritdoc/>
    public override void Unpin()
    {
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing) _handle.Dispose();
    }

    /// <summary>Releases the memory once no chain holds it.</summary>
    public void Release() => ((IDisposable)this).Dispose();
}
