using System.Globalization;
using EdgeML.Native.Imaging;
using EdgeML.Native.Models.Manifest;

namespace EdgeML.Native.Tests.Imaging;

public sealed class FrameFitterTests
{
    /// <summary>Cases that Pillow computed; see <c>pillow-vectors.py</c>.</summary>
    public static TheoryData<string> Vectors
    {
        get
        {
            using Stream stream = typeof(FrameFitterTests).Assembly.GetManifestResourceStream("pillow-vectors.txt")!;
            using var reader = new StreamReader(stream);
            return [.. reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries)];
        }
    }

    [Theory]
    [MemberData(nameof(Vectors))]
    public void Fit_AnySize_IsWhatPillowMakesOfIt(string vector)
    {
        string[] parts = vector.Split(' ');
        (string mode, string wanted) = (parts[0], parts[1]);
        int[] sizes = [.. parts[2..6].Select(part => int.Parse(part, CultureInfo.InvariantCulture))];
        byte[] expected = Convert.FromHexString(parts[7]);
        int channels = wanted.Length == 1 && wanted == "L" ? 1 : wanted.Length;
        var fitter = new FrameFitter(new PictureInput(channels, sizes[3], sizes[2], new Preprocessing
        {
            Layout = PixelLayout.Nhwc,
            Channels = channels <= 2 ? PixelChannels.Gray : PixelChannels.Rgb,
            Scale = 1,
            Resize = Enum.Parse<PictureResize>(parts[6], ignoreCase: true),
        }));
        byte[] input = new byte[expected.Length], again = new byte[expected.Length];
        var frame = new ImageFrame(Source(mode.Length, sizes[0], sizes[1]), sizes[0], sizes[1], Format(mode));
        fitter.Fit(frame, input);
        fitter.Fit(frame, again);
        // The tolerance is one grey level; whole numbers keep it at none.
        Assert.Equal(expected, input);
        Assert.Equal(expected, again);
    }

    [Theory]
    [InlineData(PictureResize.Crop, 31, 22)]
    [InlineData(PictureResize.Stretch, 9, 9)]
    [InlineData(PictureResize.Letterbox, 12, 40)]
    [InlineData(PictureResize.Crop, 14, 10)]
    public void Fit_FormatStrideLayoutAndOrder_MoveBytesOnly(PictureResize resize, int width, int height)
    {
        byte[] rgb = Source(3, width, height);
        byte[] expected = new byte[3 * 14 * 10];
        Fitter(PixelLayout.Nchw, PixelChannels.Rgb, resize).Fit(new ImageFrame(rgb, width, height, PixelFormat.Rgb24), expected);
        foreach (PixelFormat format in new[] { PixelFormat.Rgb24, PixelFormat.Bgr24, PixelFormat.Rgba32, PixelFormat.Bgra32 })
        {
            foreach (int gap in new[] { 0, 5 })
            {
                byte[] pixels = Repacked(rgb, width, height, format, gap, out int stride);
                foreach (PixelLayout layout in Enum.GetValues<PixelLayout>())
                {
                    foreach (PixelChannels channels in new[] { PixelChannels.Rgb, PixelChannels.Bgr })
                    {
                        byte[] input = new byte[expected.Length];
                        Fitter(layout, channels, resize).Fit(new ImageFrame(pixels, width, height, format, stride), input);
                        for (int i = 0; i < input.Length; i++)
                        {
                            (int c, int pixel) = layout == PixelLayout.Nchw ? (i / 140, i % 140) : (i % 3, i / 3);
                            int colour = channels == PixelChannels.Rgb ? c : 2 - c;
                            Assert.True(expected[(colour * 140) + pixel] == input[i], $"{format}, gap {gap}, {layout}, {channels}, byte {i}");
                        }
                    }
                }
            }
        }
    }

    [Fact]
    public void Fit_GrayForThreeChannels_IsLumaInEach()
    {
        byte[] rgb = Source(3, 14, 10), input = new byte[420];
        Fitter(PixelLayout.Nchw, PixelChannels.Gray, PictureResize.Crop).Fit(new ImageFrame(rgb, 14, 10, PixelFormat.Rgb24), input);
        for (int i = 0; i < 140; i++)
        {
            double luma = (0.299 * rgb[3 * i]) + (0.587 * rgb[(3 * i) + 1]) + (0.114 * rgb[(3 * i) + 2]);
            Assert.InRange(input[i], luma - 0.51, luma + 0.51);
            Assert.Equal((input[i], input[i]), (input[140 + i], input[280 + i]));
        }
    }

    [Fact]
    public void Fit_FramesOfOneSize_AllocatesNothing()
    {
        byte[] pixels = Source(3, 64, 48), input = new byte[420];
        FrameFitter fitter = Fitter(PixelLayout.Nchw, PixelChannels.Bgr, PictureResize.Letterbox);
        for (int i = 0; i < 3; i++) fitter.Fit(new ImageFrame(pixels, 64, 48, PixelFormat.Bgr24), input);
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++) fitter.Fit(new ImageFrame(pixels, 64, 48, PixelFormat.Bgr24), input);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - allocated);
    }

    [Theory]
    [InlineData(0, 5, 0, 100, "a frame of 0 x 5 pixels")]
    [InlineData(5, 40_000, 0, 100, "a frame of 5 x 40000 pixels, sides of 1..32768 are taken")]
    [InlineData(5, 5, 14, 100, "a stride of 14 bytes, a row of 5 pixels has 15")]
    [InlineData(5, 5, 20, 94, "94 bytes of pixels, 5 x 5 in Rgb24 with a stride of 20 take 95")]
    [InlineData(32_768, 32_768, 0, 100, "take 3221225472")]
    public void ImageFrame_ThatCannotBe_SaysTheNumbers(int width, int height, int stride, int bytes, string expected)
    {
        var e = Assert.Throws<ArgumentException>(() => _ = new ImageFrame(new byte[bytes], width, height, PixelFormat.Rgb24, stride).Width);
        Assert.Contains(expected, e.Message);
    }

    [Fact]
    public void ImageFrame_LastRowWithoutItsGap_IsTaken() =>
        Assert.Equal(20, new ImageFrame(new byte[95], 5, 5, PixelFormat.Rgb24, 20).Stride);

    [Fact]
    public void Fit_WrongDestinationOrNoFrame_SaysSo()
    {
        FrameFitter fitter = Fitter(PixelLayout.Nchw, PixelChannels.Rgb, PictureResize.Crop);
        Assert.Contains("destination holds 3 bytes, an input has 420", Assert.Throws<ArgumentException>(() =>
            fitter.Fit(new ImageFrame(new byte[3], 1, 1, PixelFormat.Rgb24), new byte[3])).Message);
        Assert.Contains("the frame is empty", Assert.Throws<ArgumentException>(() => fitter.Fit(default, new byte[420])).Message);
    }

    static FrameFitter Fitter(PixelLayout layout, PixelChannels channels, PictureResize resize) =>
        new(new PictureInput(3, 10, 14, new Preprocessing { Layout = layout, Channels = channels, Scale = 1, Resize = resize }));

    static PixelFormat Format(string mode) => mode switch
    {
        "L" => PixelFormat.Gray8,
        "RGB" => PixelFormat.Rgb24,
        _ => PixelFormat.Rgba32,
    };

    /// <summary>The pictures of <c>pillow-vectors.py</c>.</summary>
    static byte[] Source(int channels, int width, int height)
    {
        byte[] pixels = new byte[width * height * channels];
        for (int y = 0, i = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                for (int c = 0; c < channels; c++, i++)
                {
                    bool alpha = c == channels - 1 && channels is 2 or 4;
                    long noise = (((x * 2654435L) + (y * 40503L) + (c * 977L)) >> 5) % 64;
                    pixels[i] = alpha && x + y < 4 && c == channels - 1 ? (byte)0
                        : (byte)((x * x * 3) + (y * y * 5) + (x * y * 7) + (c * 91) + noise);
                }
            }
        }
        return pixels;
    }

    static byte[] Repacked(byte[] rgb, int width, int height, PixelFormat format, int gap, out int stride)
    {
        int bytes = format is PixelFormat.Rgb24 or PixelFormat.Bgr24 ? 3 : 4;
        stride = (width * bytes) + gap;
        byte[] pixels = new byte[(stride * (height - 1)) + (width * bytes)];
        Array.Fill(pixels, (byte)177);
        for (int i = 0; i < width * height; i++)
            for (int c = 0; c < 3; c++)
            {
                int to = format is PixelFormat.Bgr24 or PixelFormat.Bgra32 ? 2 - c : c;
                pixels[(i / width * stride) + (i % width * bytes) + to] = rgb[(3 * i) + c];
            }
        return pixels;
    }
}
