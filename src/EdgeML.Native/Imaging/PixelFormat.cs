namespace EdgeML.Native.Imaging;

/// <summary>What the bytes of a frame are, 8 bits each; alpha is not premultiplied.</summary>
public enum PixelFormat
{
    /// <summary>Red, green, blue.</summary>
    Rgb24,

    /// <summary>Blue, green, red: what OpenCV and most cameras give.</summary>
    Bgr24,

    /// <summary>Red, green, blue, alpha.</summary>
    Rgba32,

    /// <summary>Blue, green, red, alpha.</summary>
    Bgra32,

    /// <summary>Luma.</summary>
    Gray8,
}
