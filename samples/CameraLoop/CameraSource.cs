using System.Runtime.InteropServices;
using EdgeML.Native.Imaging;
using EdgeML.Native.Inference.Streams;
using OpenCvSharp;

namespace CameraLoop;

/// <summary>Frames of a camera or a recording.</summary>
sealed class CameraSource(VideoCapture camera) : IFrameSource, IDisposable
{
    readonly Mat _picture = new();

    public bool Read(FrameBuffer frame, CancellationToken cancellation)
    {
        if (!camera.Read(_picture)) return false;
        ReadOnlySpan<byte> pixels = MemoryMarshal.AsBytes(_picture.AsSpan<Vec3b>());
        pixels.CopyTo(frame.Resize(_picture.Width, _picture.Height, PixelFormat.Bgr24));
        return true;
    }

    public void Dispose() => _picture.Dispose();
}
