using EdgeML.Native.Imaging;
using EdgeML.Native.Inference.Streams;

namespace EdgeML.Native.Tests.Inference.Streams;

/// <summary>Frames of 8 x 8 pixels whose content follows from their number.</summary>
sealed class TestSource(int count) : IFrameSource
{
    public const int Side = 8;

    int _next;

    /// <summary>Called with the number of a frame before it is read.</summary>
    public Action<int, FrameBuffer, CancellationToken> Reading { get; init; } = (_, _, _) => { };

    public bool Read(FrameBuffer frame, CancellationToken cancellation)
    {
        int number = _next++;
        Reading(number, frame, cancellation);
        if (number >= count) return false;
        Fill(number, frame.Resize(Side, Side, PixelFormat.Rgb24));
        return true;
    }

    public static void Fill(int number, Span<byte> pixels)
    {
        uint state = (uint)number + 1;
        foreach (ref byte value in pixels)
        {
            state = (state * 1664525) + 1013904223;
            value = (byte)(state >> 24);
        }
    }
}
