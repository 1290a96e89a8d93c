using EdgeML.Training.Data;
using SkiaSharp;

namespace EdgeML.Cli.Tests.Samples;

/// <summary>What a camera might have recorded: pictures of the data set "shapes", a file each.</summary>
static class RecordedFrames
{
    /// <summary>Writes 000.png, 001.png, ...</summary>
    /// <returns>What each one shows.</returns>
    public static string[] Write(string folder, int count, ulong seed, int size)
    {
        using var source = new ShapesSource(seed, ShapesDifficulty.Easy, size) { Spec = "shapes" };
        byte[] planes = new byte[source.Elements];
        using var bitmap = new SKBitmap(size, size);
        int pixels = size * size;
        string[] shown = new string[count];
        for (int frame = 0; frame < count; frame++)
        {
            shown[frame] = source.ClassNames[source.Read(frame, planes)];
            bitmap.Pixels = [.. Enumerable.Range(0, pixels).Select(i => new SKColor(planes[i], planes[pixels + i], planes[(2 * pixels) + i]))];
            using FileStream file = File.Create(Path.Combine(folder, $"{frame:000}.png"));
            bitmap.Encode(file, SKEncodedImageFormat.Png, 100);
        }
        return shown;
    }
}
