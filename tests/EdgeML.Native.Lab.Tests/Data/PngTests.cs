using System.Buffers.Binary;
using System.IO.Compression;
using EdgeML.Native.Lab.Data;

namespace EdgeML.Native.Lab.Tests.Data;

public sealed class PngTests : IDisposable
{
    static readonly string[] s_pattern =
        ["16462646", "77777777", "56565656", "77777777", "36463646", "77777777", "56565656", "77777777"];

    readonly string _folder = Directory.CreateTempSubdirectory("edgeml-png-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(0, 1)]
    [InlineData(2, 3)]
    [InlineData(3, 1)]
    [InlineData(4, 2)]
    [InlineData(6, 4)]
    public void Decode_EachColourTypeAndFilter_GivesThePixels(int colourType, int channels)
    {
        const int Width = 13, Height = 10;
        var random = new Random(17);
        byte[] samples = new byte[Width * Height * channels], palette = new byte[3 * 256];
        random.NextBytes(samples);
        random.NextBytes(palette);

        // Rows take the filters 0..4 in turn.
        PngImage image = PngImage.Decode(Encode(Width, Height, colourType, channels, samples, palette));

        var planes = new byte[3 * Width * Height];
        image.CopyPlanes(planes);
        Assert.Equal((Width, Height), (image.Width, image.Height));
        for (int i = 0; i < Width * Height; i++)
        {
            for (int c = 0; c < 3; c++)
            {
                byte expected = colourType switch
                {
                    0 or 4 => samples[i * channels],
                    3 => palette[(3 * samples[i]) + c],
                    _ => samples[(i * channels) + c],
                };
                Assert.Equal(expected, planes[(c * Width * Height) + i]);
            }
        }
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(0, 2)]
    [InlineData(0, 4)]
    [InlineData(0, 8)]
    [InlineData(0, 16)]
    [InlineData(2, 8)]
    [InlineData(2, 16)]
    [InlineData(3, 1)]
    [InlineData(3, 2)]
    [InlineData(3, 4)]
    [InlineData(3, 8)]
    [InlineData(4, 16)]
    [InlineData(6, 8)]
    [InlineData(6, 16)]
    public void Decode_AnyNumberOfBits_GivesThePixelsInterlacedOrNot(int colourType, int bits)
    {
        int channels = colourType switch { 2 => 3, 4 => 2, 6 => 4, _ => 1 };
        // Sizes at which some passes of Adam7 have no column or no row.
        foreach ((int width, int height) in ((int, int)[])[(1, 1), (3, 2), (5, 9), (17, 12)])
        {
            var random = new Random(23);
            int[] samples = [.. Enumerable.Range(0, width * height * channels).Select(_ => random.Next(1 << bits))];
            byte[] palette = new byte[3 << Math.Min(bits, 8)];
            random.NextBytes(palette);
            foreach (bool interlaced in (bool[])[false, true])
            {
                PngImage image = PngImage.Decode(Encode(width, height, colourType, channels, bits, interlaced, samples, palette));
                var planes = new byte[3 * width * height];
                image.CopyPlanes(planes);
                for (int i = 0; i < width * height; i++)
                {
                    for (int c = 0; c < 3; c++)
                    {
                        int sample = samples[(i * channels) + (channels < 3 ? 0 : c)];
                        int expected = colourType == 3 ? palette[(3 * sample) + c] : bits == 16 ? sample >> 8
                            : bits == 8 ? sample : sample * 255 / ((1 << bits) - 1);
                        Assert.Equal(expected, planes[(c * width * height) + i]);
                    }
                }
            }
        }
    }

    [Theory]
    [InlineData(2, 4, 0, "PNG with 4 bits and colour type 2, which do not go together")]
    [InlineData(3, 16, 0, "PNG with 16 bits and colour type 3, which do not go together")]
    [InlineData(5, 8, 0, "PNG with 8 bits and colour type 5, which do not go together")]
    [InlineData(2, 8, 2, "PNG with interlacing 2, 0 and 1 exist")]
    public void Decode_HeaderThatIsNone_SaysWhat(int colourType, int bits, int interlacing, string expected)
    {
        byte[] file = Encode(2, 2, 2, 3, new byte[12], []);
        (file[24], file[25], file[28]) = ((byte)bits, (byte)colourType, (byte)interlacing);
        Assert.Equal(expected, Assert.Throws<InvalidDataException>(() => PngImage.Decode(file)).Message);
    }

    [Fact]
    public void Folder_OneFolderAClass_LabelsInOrderOfNames()
    {
        Write("dogs/b.png", 32, 10);
        Write("dogs/a.png", 32, 20);
        Write("cats/z.png", 32, 30);
        using ImageSource source = DataSpec.Parse($"images:{_folder}").Open([3, 32, 32]);
        var planes = new byte[source.Elements];
        Assert.Equal(["cats", "dogs"], source.ClassNames);
        Assert.Equal(3, source.Count);
        (int Label, byte Value)[] expected = [(0, 30), (1, 20), (1, 10)];
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(expected[i].Label, source.Read(i, planes));
            Assert.All(planes, value => Assert.Equal(expected[i].Value, value));
        }
    }

    [Fact]
    public void Folder_OtherSizeThanNetwork_IsResized()
    {
        Write("x/a.png", 16, 77);
        using ImageSource source = DataSpec.Parse($"images:{_folder}").Open([3, 32, 32]);
        var planes = new byte[source.Elements];
        Assert.Equal(0, source.Read(0, planes));
        Assert.All(planes, value => Assert.Equal(77, value));
    }

    [Fact]
    public void Resize_HalfTheSize_IsTheMeanOfFourAroundTheMiddle()
    {
        // 6 x 4 pixels to 2 x 2: one column is cut off on either side.
        byte[] source = [.. Enumerable.Range(0, 3 * 24).Select(i => (byte)(i % 24 * 4))];
        byte[] planes = new byte[12];
        PictureFit.Resize(source, 6, 4, planes, 2, 2);
        byte Mean(int x, int y) => (byte)(((source[(y * 6) + x] + source[(y * 6) + x + 1] + source[((y + 1) * 6) + x]
            + source[((y + 1) * 6) + x + 1]) / 4.0) + 0.5);
        byte[] plane = [Mean(1, 0), Mean(3, 0), Mean(1, 2), Mean(3, 2)];
        Assert.Equal([.. plane, .. plane, .. plane], planes);
        byte[] wide = new byte[3 * 9 * 7];
        PictureFit.Resize([.. Enumerable.Repeat((byte)200, 3 * 15)], 5, 3, wide, 9, 7);
        Assert.All(wide, value => Assert.Equal(200, value));
    }

    [Fact]
    public void Folder_WithoutPng_SaysSo()
    {
        var e = Assert.Throws<FileNotFoundException>(() => DataSpec.Parse($"images:{_folder}").Open([3, 32, 32]));
        Assert.Contains("holds no *.png", e.Message);
    }

    [Fact]
    public void Decode_CutAnywhere_IsInvalidData()
    {
        byte[] file = Encode(5, 4, 2, 3, new byte[60], []);
        for (int length = 0; length < file.Length - 1; length++)
        {
            byte[] cut = file[..length];
            Assert.Throws<InvalidDataException>(() => PngImage.Decode(cut));
        }
    }

    [Fact]
    public void Decode_ChangedBytes_DecodesOrIsInvalidData()
    {
        const int Seed = 20260;
        var random = new Random(Seed);
        byte[] file = Encode(9, 7, 3, 1, new byte[63], new byte[30]);
        for (int i = 0; i < 3000; i++)
        {
            byte[] changed = [.. file];
            for (int j = random.Next(1, 4); j > 0; j--) changed[random.Next(changed.Length)] = (byte)random.Next(256);
            try
            {
                PngImage image = PngImage.Decode(changed);
                image.CopyPlanes(new byte[3 * image.Width * image.Height]);
            }
            catch (InvalidDataException e)
            {
                Assert.DoesNotContain('\n', e.Message);
            }
        }
    }

    void Write(string name, int size, byte value)
    {
        string path = Path.Combine(_folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        byte[] samples = new byte[3 * size * size];
        samples.AsSpan().Fill(value);
        File.WriteAllBytes(path, Encode(size, size, 2, 3, samples, []));
    }

    static byte[] Encode(int width, int height, int colourType, int channels, byte[] samples, byte[] palette) =>
        Encode(width, height, colourType, channels, 8, interlaced: false, [.. samples.Select(sample => (int)sample)], palette);

    static byte[] Encode(
        int width, int height, int colourType, int channels, int bits, bool interlaced, int[] samples, byte[] palette)
    {
        using var file = new MemoryStream();
        file.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10]);
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[9], header[12]) = ((byte)bits, (byte)colourType, (byte)(interlaced ? 1 : 0));
        Chunk(file, "IHDR"u8, header);
        Chunk(file, "tEXt"u8, "Comment"u8);
        if (colourType == 3) Chunk(file, "PLTE"u8, palette);
        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            for (int pass = 0; pass < (interlaced ? 7 : 1); pass++)
            {
                // The pixels of a pass, as the standard's own table of the 8 x 8 pattern has them.
                int[][] rows = [.. Enumerable.Range(0, height)
                    .Select(y => Enumerable.Range(0, width).Where(x => !interlaced || s_pattern[y % 8][x % 8] - '1' == pass)
                        .SelectMany(x => samples.AsSpan(((y * width) + x) * channels, channels).ToArray()).ToArray())
                    .Where(row => row.Length > 0)];
                Pack(zlib, rows, bits, channels);
            }
        }
        byte[] body = packed.ToArray();
        Chunk(file, "IDAT"u8, body.AsSpan(0, body.Length / 2));
        Chunk(file, "IDAT"u8, body.AsSpan(body.Length / 2));
        Chunk(file, "IEND"u8, []);
        return file.ToArray();
    }

    static void Chunk(Stream file, ReadOnlySpan<byte> type, ReadOnlySpan<byte> body)
    {
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, body.Length);
        file.Write(number);
        file.Write(type);
        file.Write(body);
        file.Write("crc?"u8);
    }

    static void Pack(ZLibStream zlib, int[][] rows, int bits, int channels)
    {
        int pixel = Math.Max(1, channels * bits / 8);
        byte[] above = [];
        for (int y = 0; y < rows.Length; y++)
        {
            byte[] row = new byte[((rows[y].Length * bits) + 7) / 8];
            for (int i = 0; i < rows[y].Length; i++)
            {
                if (bits == 16) (row[2 * i], row[(2 * i) + 1]) = ((byte)(rows[y][i] >> 8), (byte)rows[y][i]);
                else row[i * bits / 8] |= (byte)(rows[y][i] << (8 - bits - (i * bits % 8)));
            }
            int filter = y % 5;
            zlib.WriteByte((byte)filter);
            for (int i = 0; i < row.Length; i++)
            {
                int left = i >= pixel ? row[i - pixel] : 0, up = y > 0 ? above[i] : 0, corner = i >= pixel && y > 0 ? above[i - pixel] : 0;
                int estimate = left + up - corner;
                int paeth = new[] { left, up, corner }.MinBy(v => Math.Abs(estimate - v));
                int predicted = filter switch { 1 => left, 2 => up, 3 => (left + up) / 2, 4 => paeth, _ => 0 };
                zlib.WriteByte((byte)(row[i] - predicted));
            }
            above = row;
        }
    }
}
