using EdgeML.Native.Models.Manifest;

namespace EdgeML.Native.Imaging;

/// <summary>Which part of a picture is taken, and where in the input it goes.</summary>
/// <param name="Left">Of the part, source pixels.</param>
/// <param name="Top">Of the part, source pixels.</param>
/// <param name="ExtentX">Width of the part.</param>
/// <param name="ExtentY">Height of the part.</param>
/// <param name="OutLeft">Input pixels.</param>
/// <param name="OutTop">Input pixels.</param>
/// <param name="OutWidth">Input pixels.</param>
/// <param name="OutHeight">Input pixels.</param>
/// <param name="ResizesAcross">Whether columns change.</param>
/// <param name="ResizesDown">Whether rows change.</param>
readonly record struct FitBox(
    float Left, float Top, float ExtentX, float ExtentY, int OutLeft, int OutTop, int OutWidth, int OutHeight, bool ResizesAcross,
    bool ResizesDown)
{
    /// <summary>Whether pixels are mixed at all.</summary>
    internal bool Resizes => ResizesAcross || ResizesDown;

    internal static FitBox Of(PictureInput picture, int width, int height) => picture.How.Resize switch
    {
        PictureResize.Stretch => Of(0, 0, width, height, (width, height), 0, 0, picture.Width, picture.Height),
        PictureResize.Letterbox => Letterboxed(picture, width, height),
        _ => Cropped(picture, width, height),
    };

    static FitBox Cropped(PictureInput picture, int width, int height)
    {
        double ratio = (double)width / height, wanted = (double)picture.Width / picture.Height;
        (double partWidth, double partHeight) = (width, height);
        if (ratio > wanted) partWidth = wanted * height;
        else if (ratio < wanted) partHeight = width / wanted;
        double left = (width - partWidth) * 0.5, top = (height - partHeight) * 0.5;
        return Of(left, top, left + partWidth, top + partHeight, (width, height), 0, 0, picture.Width, picture.Height);
    }

    static FitBox Letterboxed(PictureInput picture, int width, int height)
    {
        double ratio = (double)width / height, wanted = (double)picture.Width / picture.Height;
        (int outWidth, int outHeight) = (picture.Width, picture.Height);
        // Halves go to the even number, here and for the border, as in Python.
        if (ratio > wanted) outHeight = Math.Max(1, (int)Math.Round((double)height / width * picture.Width));
        else if (ratio < wanted) outWidth = Math.Max(1, (int)Math.Round((double)width / height * picture.Height));
        int left = (int)Math.Round((picture.Width - outWidth) * 0.5), top = (int)Math.Round((picture.Height - outHeight) * 0.5);
        return Of(0, 0, width, height, (width, height), left, top, outWidth, outHeight);
    }

    static FitBox Of(
        double left, double top, double right, double bottom, (int Width, int Height) size, int outLeft, int outTop, int outWidth,
        int outHeight)
    {
        float x = (float)left, y = (float)top, extentX = (float)right - x, extentY = (float)bottom - y;
        return new FitBox(
            x, y, extentX, extentY, outLeft, outTop, outWidth, outHeight,
            ResizesAcross: outWidth != size.Width || x != 0 || extentX != size.Width,
            ResizesDown: outHeight != size.Height || y != 0 || extentY != size.Height);
    }
}
