namespace EdgeML.Native.Imaging;

/// <summary>A picture in memory, for instance of a camera: a view that copies nothing.</summary>
public readonly ref struct ImageFrame
{
    /// <summary>Longest side, pixels.</summary>
    public const int MaxSide = 32_768;

    /// <summary>Describes a picture.</summary>
    /// <param name="pixels">Rows from the top, pixels from the left.</param>
    /// <param name="width">In pixels.</param>
    /// <param name="height">In pixels.</param>
    /// <param name="format">The order of the bytes.</param>
    /// <param name="stride">Bytes from one row to the next; 0 for rows without a gap.</param>
    /// <exception cref="ArgumentException">A size outside 1..<see cref="MaxSide"/>, a stride shorter than a row, or too few
    /// bytes.</exception>
    public ImageFrame(ReadOnlySpan<byte> pixels, int width, int height, PixelFormat format, int stride = 0)
    {
        Check(width, height, format);
        int row = width * BytesOf(format);
        if (stride == 0) stride = row;
        if (stride < row) throw new ArgumentException($"a stride of {stride} bytes, a row of {width} pixels has {row}", nameof(stride));
        long needed = ((long)stride * (height - 1)) + row;
        if (pixels.Length < needed)
            throw new ArgumentException(
                $"{pixels.Length} bytes of pixels, {width} x {height} in {format} with a stride of {stride} take {needed}", nameof(pixels));
        Pixels = pixels;
        (Width, Height, Format, Stride) = (width, height, format, stride);
    }

    /// <summary>All bytes.</summary>
    public ReadOnlySpan<byte> Pixels { get; }

    /// <summary>In pixels.</summary>
    public int Width { get; }

    /// <summary>In pixels.</summary>
    public int Height { get; }

    /// <summary>The order of the bytes.</summary>
    public PixelFormat Format { get; }

    /// <summary>Bytes from one row to the next.</summary>
    public int Stride { get; }

    /// <summary>Bytes of a pixel.</summary>
    internal int PixelBytes => BytesOf(Format);

    /// <summary>One row, without a gap after it.</summary>
    internal ReadOnlySpan<byte> Row(int y) => Pixels.Slice(y * Stride, Width * PixelBytes);

    /// <summary>Bytes of a picture without gaps between rows.</summary>
    /// <exception cref="ArgumentException">A size outside 1..<see cref="MaxSide"/>, or a format that does not exist.</exception>
    internal static long BytesOf(int width, int height, PixelFormat format)
    {
        Check(width, height, format);
        return (long)width * BytesOf(format) * height;
    }

    static void Check(int width, int height, PixelFormat format)
    {
        if (width is < 1 or > MaxSide || height is < 1 or > MaxSide)
            throw new ArgumentException($"a frame of {width} x {height} pixels, sides of 1..{MaxSide} are taken");
        if (!Enum.IsDefined(format)) throw new ArgumentException($"pixel format {(int)format} does not exist", nameof(format));
    }

    static int BytesOf(PixelFormat format) => format switch
    {
        PixelFormat.Gray8 => 1,
        PixelFormat.Rgb24 or PixelFormat.Bgr24 => 3,
        _ => 4,
    };
}
