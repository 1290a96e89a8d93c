namespace EdgeML.Native.Imaging;

/// <summary>The order of a frame's bytes, 8 bits each; alpha is not premultiplied.</summary>
public enum PixelFormat
{
    /// <summary>Red, green, blue.</summary>
    Rgb24,

    /// <summary>Blue, green, red: the order of OpenCV and most cameras.</summary>
    Bgr24,

    /// <summary>Red, green, blue, alpha.</summary>
    Rgba32,

    /// <summary>Blue, green, red, alpha.</summary>
    Bgra32,

    /// <summary>Luma.</summary>
    Gray8,
}
