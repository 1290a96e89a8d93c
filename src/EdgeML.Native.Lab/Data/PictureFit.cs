namespace EdgeML.Native.Lab.Data;

/// <summary>Brings a picture to a network's size: the largest centred part of the wanted proportions, each new pixel the mean of the area
/// it covers.</summary>
static class PictureFit
{
    /// <summary>Resizes three planes.</summary>
    /// <param name="source">Three planes of width x height bytes.</param>
    /// <param name="width">Of the source.</param>
    /// <param name="height">Of the source.</param>
    /// <param name="planes">Receives three planes of the new size.</param>
    /// <param name="newWidth">At least 1.</param>
    /// <param name="newHeight">At least 1.</param>
    public static void Resize(ReadOnlySpan<byte> source, int width, int height, Span<byte> planes, int newWidth, int newHeight)
    {
        double scale = Math.Min((double)width / newWidth, (double)height / newHeight);
        double left = (width - (scale * newWidth)) / 2, top = (height - (scale * newHeight)) / 2;
        float[] rows = new float[height * newWidth];
        for (int plane = 0; plane < 3; plane++)
        {
            ReadOnlySpan<byte> from = source.Slice(plane * width * height, width * height);
            for (int y = 0; y < height; y++)
            {
                for (int x = 0; x < newWidth; x++)
                {
                    float sum = 0;
                    foreach ((int at, float share) in Area(left + (x * scale), scale, width)) sum += share * from[(y * width) + at];
                    rows[(y * newWidth) + x] = sum;
                }
            }
            Span<byte> to = planes.Slice(plane * newWidth * newHeight, newWidth * newHeight);
            for (int y = 0; y < newHeight; y++)
            {
                (int At, float Share)[] area = [.. Area(top + (y * scale), scale, height)];
                for (int x = 0; x < newWidth; x++)
                {
                    float sum = 0;
                    foreach ((int at, float share) in area) sum += share * rows[(at * newWidth) + x];
                    to[(y * newWidth) + x] = (byte)Math.Clamp(sum + 0.5f, 0f, 255f);
                }
            }
        }
    }

    /// <summary>The pixels that begin..begin + length covers, with the share of each; shares add up to 1.</summary>
    static IEnumerable<(int At, float Share)> Area(double begin, double length, int size)
    {
        int first = Math.Clamp((int)Math.Floor(begin + 1e-9), 0, size - 1);
        double end = Math.Min(begin + length, size);
        for (int at = first; at < end - 1e-9 && at < size; at++)
        {
            double covered = Math.Min(end, at + 1) - Math.Max(begin, at);
            yield return (at, (float)(covered / length));
        }
    }
}
