using System.Diagnostics;
using EdgeML.Native.Imaging;

namespace EdgeML.Native.Inference.Streams;

/// <summary>Memory for one frame, used again and again by a <see cref="FrameRunner"/>. One thread at a time.</summary>
public sealed class FrameBuffer
{
    byte[] _pixels = [];
    int _bytes;

    internal FrameBuffer()
    {
    }

    /// <summary>Counts the frames read, from 0.</summary>
    public long Number { get; internal set; }

    /// <summary>When the frame was taken, ticks of <see cref="Stopwatch"/>. Latency and deadline count from here. Set when the source returns; a
    /// source that knows better sets it.</summary>
    public long CapturedAt { get; set; }

    /// <summary>Place in the order of the frames that workers took, from 0.</summary>
    internal long Turn { get; set; }

    /// <summary>In pixels.</summary>
    public int Width { get; private set; }

    /// <summary>In pixels.</summary>
    public int Height { get; private set; }

    /// <summary>The order of the bytes.</summary>
    public PixelFormat Format { get; private set; }

    /// <summary>Rows from the top without gaps, pixels from the left.</summary>
    public Span<byte> Pixels => _pixels.AsSpan(0, _bytes);

    /// <summary>Makes room for a frame; allocates only when frames grow.</summary>
    /// <param name="width">1..<see cref="ImageFrame.MaxSide"/> pixels.</param>
    /// <param name="height">1..<see cref="ImageFrame.MaxSide"/> pixels.</param>
    /// <param name="format">The order of the bytes.</param>
    /// <returns><see cref="Pixels"/>.</returns>
    /// <exception cref="ArgumentException">A size outside its range, or a format that does not exist.</exception>
    public Span<byte> Resize(int width, int height, PixelFormat format)
    {
        long bytes = ImageFrame.BytesOf(width, height, format);
        if (bytes > Array.MaxLength) throw new ArgumentException($"a frame of {width} x {height} in {format} takes {bytes} bytes");
        if (_pixels.Length < bytes) _pixels = GC.AllocateUninitializedArray<byte>((int)bytes);
        _bytes = (int)bytes;
        (Width, Height, Format) = (width, height, format);
        return Pixels;
    }

    internal ImageFrame View() => new(Pixels, Width, Height, Format);
}
