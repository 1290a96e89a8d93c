using System.Runtime.InteropServices;
using SkiaSharp;

namespace EdgeML.Training.Tests.Data;

/// <summary>Picture files that tests write.</summary>
static class PictureFiles
{
    /// <summary>Encodes pixels of 4 bytes, red first, alpha not premultiplied.</summary>
    internal static byte[] Encode(byte[] rgba, int width, int height, SKEncodedImageFormat format, int quality = 100)
    {
        using var bitmap = new SKBitmap(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul));
        Marshal.Copy(rgba, 0, bitmap.GetPixels(), rgba.Length);
        using SKData data = bitmap.Encode(format, quality);
        return data.ToArray();
    }

    /// <summary>One colour all over.</summary>
    internal static byte[] Plain(int width, int height, SKEncodedImageFormat format, byte red, byte green, byte blue)
    {
        byte[] rgba = new byte[4 * width * height];
        for (int i = 0; i < rgba.Length; i += 4) (rgba[i], rgba[i + 1], rgba[i + 2], rgba[i + 3]) = (red, green, blue, 255);
        return Encode(rgba, width, height, format);
    }

    /// <summary>A BMP file of 24 bits: 54 bytes of header, rows from the bottom.</summary>
    internal static byte[] Bmp(byte[] rgba, int width, int height)
    {
        int stride = ((3 * width) + 3) / 4 * 4;
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        writer.Write("BM"u8);
        foreach (int value in new[] { 54 + (stride * height), 0, 54, 40, width, height, 1 | (24 << 16), 0, stride * height, 2835, 2835, 0, 0 })
            writer.Write(value);
        for (int y = height - 1; y >= 0; y--)
        {
            byte[] row = new byte[stride];
            for (int x = 0; x < width; x++)
                for (int c = 0; c < 3; c++) row[(3 * x) + 2 - c] = rgba[(4 * ((y * width) + x)) + c];
            writer.Write(row);
        }
        return stream.ToArray();
    }

    /// <summary>A GIF of two frames of one colour each, 4 x 4 pixels.</summary>
    internal static byte[] Gif(byte[] firstRgb, byte[] secondRgb)
    {
        using var stream = new MemoryStream();
        stream.Write("GIF89a"u8);
        stream.Write([4, 0, 4, 0, 0x80, 0, 0, .. firstRgb, .. secondRgb]);
        foreach (byte colour in new byte[] { 0, 1 })
        {
            // Codes of 3 bits, each pixel after a clear code, so that codes stay short: 4 = clear, 5 = end.
            var bits = new List<int>();
            for (int i = 0; i < 16; i++) bits.AddRange([4, colour]);
            bits.Add(5);
            byte[] packed = new byte[((3 * bits.Count) + 7) / 8];
            for (int i = 0; i < bits.Count; i++)
                for (int b = 0; b < 3; b++) if ((bits[i] >> b & 1) != 0) packed[((3 * i) + b) / 8] |= (byte)(1 << (((3 * i) + b) % 8));
            stream.Write([0x21, 0xF9, 4, 0, 10, 0, 0, 0]);
            stream.Write([0x2C, 0, 0, 0, 0, 4, 0, 4, 0, 0, 2, (byte)packed.Length, .. packed, 0]);
        }
        stream.WriteByte(0x3B);
        return stream.ToArray();
    }

    /// <summary>A PNG file of any depth and colour type, rows without filter.</summary>
    internal static byte[] Png(int width, int height, int bits, int colourType, byte[] samples, byte[]? palette = null)
    {
        using var stream = new MemoryStream();
        stream.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10]);
        Chunk("IHDR"u8, [.. BigEndian(width), .. BigEndian(height), (byte)bits, (byte)colourType, 0, 0, 0]);
        if (palette is not null) Chunk("PLTE"u8, palette);
        using var packed = new MemoryStream();
        using (var zlib = new System.IO.Compression.ZLibStream(packed, System.IO.Compression.CompressionLevel.Fastest, leaveOpen: true))
        {
            int row = samples.Length / height;
            for (int y = 0; y < height; y++)
            {
                zlib.WriteByte(0);
                zlib.Write(samples, y * row, row);
            }
        }
        Chunk("IDAT"u8, packed.ToArray());
        Chunk("IEND"u8, []);
        return stream.ToArray();

        void Chunk(ReadOnlySpan<byte> type, byte[] body)
        {
            stream.Write(BigEndian(body.Length));
            byte[] whole = [.. type, .. body];
            stream.Write(whole);
            uint crc = 0xFFFFFFFF;
            foreach (byte value in whole)
            {
                crc ^= value;
                for (int i = 0; i < 8; i++) crc = (crc >> 1) ^ (0xEDB88320 & (uint)-(int)(crc & 1));
            }
            stream.Write(BigEndian((int)~crc));
        }
    }

    /// <summary>Puts an EXIF block with an orientation into a JPEG file.</summary>
    internal static byte[] WithOrientation(byte[] jpeg, int orientation, bool bigEndian)
    {
        byte[] tiff = bigEndian
            ? [0x4D, 0x4D, 0, 0x2A, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, (byte)orientation, 0, 0, 0, 0, 0, 0]
            : [0x49, 0x49, 0x2A, 0, 8, 0, 0, 0, 1, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0, (byte)orientation, 0, 0, 0, 0, 0, 0, 0];
        int length = 2 + 6 + tiff.Length;
        return [.. jpeg[..2], 0xFF, 0xE1, (byte)(length >> 8), (byte)length, .. "Exif\0\0"u8, .. tiff, .. jpeg[2..]];
    }

    static byte[] BigEndian(int value) => [(byte)(value >> 24), (byte)(value >> 16), (byte)(value >> 8), (byte)value];
}
