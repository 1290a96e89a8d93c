using EdgeML.Native.Imaging;
using EdgeML.Training.Data;
using SkiaSharp;

namespace EdgeML.Training.Tests.Data;

public sealed class PictureReaderTests
{
    readonly PictureReader _reader = new();

    [Theory]
    [InlineData("png")]
    [InlineData("bmp")]
    public void Decode_LosslessFile_GivesThePixels(string format)
    {
        byte[] rgba = Noise(13, 9, opaque: true);
        byte[] file = format == "bmp" ? PictureFiles.Bmp(rgba, 13, 9) : PictureFiles.Encode(rgba, 13, 9, SKEncodedImageFormat.Png);
        _reader.Decode(file, "x");
        Assert.Equal((13, 9, PixelFormat.Rgba32), (_reader.Frame.Width, _reader.Frame.Height, _reader.Frame.Format));
        Assert.Equal(rgba, _reader.Frame.Pixels.ToArray());
    }

    [Theory]
    [InlineData(SKEncodedImageFormat.Jpeg)]
    [InlineData(SKEncodedImageFormat.Webp)]
    public void Decode_LossyFile_IsClose(SKEncodedImageFormat format)
    {
        byte[] rgba = new byte[4 * 32 * 16];
        for (int i = 0; i < 512; i++) (rgba[4 * i], rgba[(4 * i) + 1], rgba[(4 * i) + 2], rgba[(4 * i) + 3]) = ((byte)(i % 32 * 4), (byte)(i / 32 * 9), 90, 255);
        _reader.Decode(PictureFiles.Encode(rgba, 32, 16, format), "x");
        byte[] actual = _reader.Frame.Pixels.ToArray();
        for (int i = 0; i < rgba.Length; i++) Assert.InRange(actual[i], rgba[i] - 12, rgba[i] + 12);
    }

    [Fact]
    public void Decode_Gif_GivesTheFirstFrame()
    {
        _reader.Decode(PictureFiles.Gif([200, 100, 50], [1, 2, 3]), "x");
        Assert.Equal([200, 100, 50, 255], _reader.Frame.Pixels[..4].ToArray());
        Assert.Equal([200, 100, 50, 255], _reader.Frame.Pixels[^4..].ToArray());
    }

    [Fact]
    public void Decode_Alpha_LeavesColoursAsTheyAreStored()
    {
        byte[] rgba = Noise(7, 5, opaque: false);
        _reader.Decode(PictureFiles.Png(7, 5, 8, 6, rgba), "x");
        Assert.Equal(rgba, _reader.Frame.Pixels.ToArray());
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(2, 3)]
    [InlineData(4, 2)]
    [InlineData(6, 4)]
    public void Decode_SixteenBits_TakesTheUpperByte(int colourType, int channels)
    {
        byte[] samples = new byte[6 * 4 * channels * 2];
        new Random(3).NextBytes(samples);
        _reader.Decode(PictureFiles.Png(6, 4, 16, colourType, samples), "x");
        byte[] actual = _reader.Frame.Pixels.ToArray();
        for (int i = 0; i < 24; i++)
        {
            for (int c = 0; c < 4; c++)
            {
                int from = c == 3 ? (colourType is 4 or 6 ? channels - 1 : -1) : channels < 3 ? 0 : c;
                Assert.Equal(from < 0 ? 255 : samples[2 * ((i * channels) + from)], actual[(4 * i) + c]);
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(8)]
    public void Decode_GrayAndPaletteOfFewBits_GiveThePixels(int bits)
    {
        int width = 8, colours = 1 << bits;
        byte[] palette = new byte[3 * colours], samples = new byte[width * bits / 8 * 3];
        new Random(9).NextBytes(palette);
        new Random(10).NextBytes(samples);
        int Sample(int i) => samples[i * bits / 8] >> (8 - bits - (i * bits % 8)) & (colours - 1);
        _reader.Decode(PictureFiles.Png(width, 3, bits, 0, samples), "x");
        byte[] gray = _reader.Frame.Pixels.ToArray();
        _reader.Decode(PictureFiles.Png(width, 3, bits, 3, samples, palette), "x");
        byte[] coloured = _reader.Frame.Pixels.ToArray();
        for (int i = 0; i < width * 3; i++)
        {
            Assert.Equal(Sample(i) * 255 / (colours - 1), gray[4 * i]);
            Assert.Equal(palette.AsSpan(3 * Sample(i), 3).ToArray(), coloured[(4 * i)..((4 * i) + 3)]);
        }
    }

    [Theory]
    [InlineData(1, "RGBW")]
    [InlineData(2, "GRWB")]
    [InlineData(3, "WBGR")]
    [InlineData(4, "BWRG")]
    [InlineData(5, "RBGW")]
    [InlineData(6, "BRWG")]
    [InlineData(7, "WGBR")]
    [InlineData(8, "GWRB")]
    public void Decode_ExifOrientation_StandsUpright(int orientation, string corners)
    {
        // Red and green above blue and white, as stored; corners: upright, from the top left, row by row.
        const int Width = 48, Height = 32;
        byte[] rgba = new byte[4 * Width * Height];
        for (int i = 0; i < Width * Height; i++)
        {
            byte[] colour = Colour("RGBW"[(i % Width < Width / 2 ? 0 : 1) + (i / Width < Height / 2 ? 0 : 2)]);
            colour.CopyTo(rgba, 4 * i);
        }
        byte[] jpeg = PictureFiles.Encode(rgba, Width, Height, SKEncodedImageFormat.Jpeg);
        foreach (bool bigEndian in new[] { false, true })
        {
            _reader.Decode(PictureFiles.WithOrientation(jpeg, orientation, bigEndian), "x");
            ImageFrame frame = _reader.Frame;
            Assert.Equal(orientation >= 5 ? (Height, Width) : (Width, Height), (frame.Width, frame.Height));
            for (int corner = 0; corner < 4; corner++)
            {
                int x = corner % 2 == 0 ? 3 : frame.Width - 4, y = corner < 2 ? 3 : frame.Height - 4;
                byte[] expected = Colour(corners[corner]), actual = frame.Pixels.Slice(4 * ((y * frame.Width) + x), 4).ToArray();
                for (int c = 0; c < 4; c++) Assert.InRange(actual[c], expected[c] - 40, expected[c] + 40);
            }
        }
    }

    [Fact]
    public void Decode_HugePicture_IsRefusedBeforeMemoryIsTaken()
    {
        byte[] file = PictureFiles.Png(20_000, 1, 8, 0, new byte[20_000]);
        // The header's height, with its checksum: 20,000 x 20,000 pixels would be 1.6 GB.
        byte[] header = PictureFiles.Png(20_000, 20_000, 8, 0, new byte[20_000])[..33];
        long before = GC.GetAllocatedBytesForCurrentThread();
        var e = Assert.Throws<InvalidDataException>(() => _reader.Decode([.. header, .. file[33..]], "big.png"));
        Assert.Contains("big.png has 20000 x 20000 pixels", e.Message);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Theory]
    [InlineData("jpg")]
    [InlineData("png")]
    [InlineData("bmp")]
    [InlineData("webp")]
    public void Decode_CutAnywhere_IsInvalidDataInOneLine(string format)
    {
        byte[] rgba = Noise(24, 20, opaque: true);
        byte[] file = format switch
        {
            "bmp" => PictureFiles.Bmp(rgba, 24, 20),
            "jpg" => PictureFiles.Encode(rgba, 24, 20, SKEncodedImageFormat.Jpeg),
            "webp" => PictureFiles.Encode(rgba, 24, 20, SKEncodedImageFormat.Webp),
            _ => PictureFiles.Encode(rgba, 24, 20, SKEncodedImageFormat.Png),
        };
        // The last bytes hold no pixel: JPEG's end marker, PNG's end chunk and checksum.
        for (int length = 0; length < file.Length - 20; length += length < 64 ? 1 : 13)
        {
            byte[] cut = file[..length];
            var e = Assert.Throws<InvalidDataException>(() => _reader.Decode(cut, $"cut.{format}"));
            Assert.Contains($"cut.{format}", e.Message);
            Assert.DoesNotContain('\n', e.Message);
        }
    }

    [Fact]
    public void Decode_ProgressiveJpegCutAnywhere_IsInvalidData()
    {
        // 24 x 20 pixels in several scans; SkiaSharp writes none.
        byte[] file = Convert.FromBase64String(
            "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAA0JCgsKCA0LCgsODg0PEyAVExISEyccHhcgLikxMC4pLSwzOko+MzZGNywtQFdBRkxOUlNSMj5aYVpQYEpRUk//"
            + "2wBDAQ4ODhMREyYVFSZPNS01T09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT0//wgARCAAUABgDASIAAhEBAxEB/8QA"
            + "FwABAQEBAAAAAAAAAAAAAAAAAAQFAv/EABgBAQADAQAAAAAAAAAAAAAAAAMAAQIE/9oADAMBAAIQAxAAAAGmLXz75u1yLBOAuGNF/8QAHRAAAQQCAwAAAAAA"
            + "AAAAAAAAAwABAhESIgQhMf/aAAgBAQABBQImrNumgi4yjGhvAoqF7zelk6//xAAcEQABBAMBAAAAAAAAAAAAAAABAAIDEQQQM0H/2gAIAQMBAT8BERgjv1NL"
            + "iLKzOmv/xAAaEQACAgMAAAAAAAAAAAAAAAAAAgMSEBEy/9oACAECAQE/AVmXVULuJ1j/xAAXEAADAQAAAAAAAAAAAAAAAAAAECEx/9oACAEBAAY/AnCmvT//"
            + "xAAZEAEBAQEBAQAAAAAAAAAAAAABACERMWH/2gAIAQEAAT8h9ttk4Q5oLPSE13PjL6r/2gAMAwEAAgADAAAAEB8fvv/EABgRAAMBAQAAAAAAAAAAAAAAAAAB"
            + "MRCB/9oACAEDAQE/EGDiKdCGf//EABkRAQACAwAAAAAAAAAAAAAAAAEAERAhMf/aAAgBAgEBPxAlCmJu0wPZ/8QAGhABAQEBAAMAAAAAAAAAAAAAAQARIRAx"
            + "kf/aAAgBAQABPxAKI8cWMmTCzh5JQ7I2LZB3kF6+l//Z");
        _reader.Decode(file, "whole.jpg");
        Assert.Equal((24, 20), (_reader.Frame.Width, _reader.Frame.Height));
        byte[] whole = _reader.Frame.Pixels.ToArray();
        for (int length = 0; length < file.Length; length++)
        {
            byte[] cut = file[..length];
            Assert.Contains("cut.jpg", Assert.Throws<InvalidDataException>(() => _reader.Decode(cut, "cut.jpg")).Message);
        }
        _reader.Decode([.. file, 1, 2, 3], "longer.jpg");
        Assert.Equal(whole, _reader.Frame.Pixels.ToArray());
    }

    [Fact]
    public void Decode_ChangedBytes_DecodesOrIsInvalidData()
    {
        const int Seed = 20260;
        var random = new Random(Seed);
        byte[] file = PictureFiles.Encode(Noise(24, 20, opaque: true), 24, 20, SKEncodedImageFormat.Jpeg);
        for (int i = 0; i < 500; i++)
        {
            byte[] changed = [.. file];
            for (int j = random.Next(1, 4); j > 0; j--) changed[random.Next(changed.Length)] = (byte)random.Next(256);
            try
            {
                _reader.Decode(changed, "x");
            }
            catch (InvalidDataException e)
            {
                Assert.DoesNotContain('\n', e.Message);
            }
        }
    }

    [Theory]
    [InlineData("hello, this is a text", "begins with 68656c6c6f2c2074")]
    [InlineData("", "begins with")]
    public void Decode_NoPicture_SaysWhatIsRead(string text, string expected)
    {
        var e = Assert.Throws<InvalidDataException>(() => _reader.Decode(System.Text.Encoding.ASCII.GetBytes(text), "note.jpg"));
        Assert.Contains("note.jpg cannot be decoded: JPEG, PNG, WebP, BMP and GIF are read", e.Message);
        Assert.Contains(expected, e.Message);
    }

    static byte[] Colour(char letter) => letter switch
    {
        'R' => [255, 0, 0, 255],
        'G' => [0, 255, 0, 255],
        'B' => [0, 0, 255, 255],
        _ => [255, 255, 255, 255],
    };

    static byte[] Noise(int width, int height, bool opaque)
    {
        byte[] rgba = new byte[4 * width * height];
        new Random(5).NextBytes(rgba);
        if (opaque) for (int i = 3; i < rgba.Length; i += 4) rgba[i] = 255;
        return rgba;
    }
}
