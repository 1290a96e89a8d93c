using System.Buffers.Binary;

namespace EdgeML.Native.Lab.Data;

/// <summary>A decoded PNG file: grey, RGB or palette, with or without alpha (which is ignored), of any number of bits, interlaced or
/// not. Of 16 bits the upper 8 are taken.</summary>
/// <remarks>
/// Sizes are checked before anything is allocated; chunk checksums are not verified, zlib's own are. A damaged file is an
/// <see cref="InvalidDataException"/> that names it.
/// </remarks>
sealed class PngImage
{
    const int MaxSide = 8192;

    static readonly byte[] s_signature = [0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10];

    readonly byte[] _samples;
    readonly byte[] _palette;
    readonly int _colourType;
    readonly int _channels;

    PngImage(int width, int height, int colourType, int channels, byte[] samples, byte[] palette)
    {
        (Width, Height, _colourType, _channels) = (width, height, colourType, channels);
        (_samples, _palette) = (samples, palette);
    }

    public int Width { get; }

    public int Height { get; }

    public static PngImage Load(string path)
    {
        try
        {
            return Decode(File.ReadAllBytes(path));
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{path}: {e.Message}", e);
        }
    }

    public static PngImage Decode(ReadOnlySpan<byte> file)
    {
        if (!file.StartsWith(s_signature)) throw new InvalidDataException("not a PNG file");
        int colourType = -1;
        PngPixels pixels = default;
        byte[] palette = [];
        using var packed = new MemoryStream();
        bool ended = false;
        for (file = file[s_signature.Length..]; !ended; file = file[4..])
        {
            if (file.Length < 12) throw new InvalidDataException("PNG file ends without its end chunk");
            uint length = BinaryPrimitives.ReadUInt32BigEndian(file);
            if (length > (uint)file.Length - 12)
                throw new InvalidDataException($"PNG chunk of {length} bytes, {file.Length - 12} are left");
            ReadOnlySpan<byte> type = file[4..8], body = file.Slice(8, (int)length);
            if (colourType < 0 && !type.SequenceEqual("IHDR"u8))
                throw new InvalidDataException("PNG file does not begin with its header chunk");
            if (type.SequenceEqual("IHDR"u8)) (colourType, pixels) = Header(body);
            else if (type.SequenceEqual("PLTE"u8)) palette = body.ToArray();
            else if (type.SequenceEqual("IDAT"u8)) packed.Write(body);
            else if (type.SequenceEqual("IEND"u8)) ended = true;
            file = file[(8 + (int)length)..];
        }
        if (colourType == 3 && palette.Length is 0 or > 768 || palette.Length % 3 != 0)
            throw new InvalidDataException($"PNG palette of {palette.Length} bytes");
        packed.Position = 0;
        byte[] samples = pixels.Read(packed);
        if (colourType == 3 && samples.AsSpan().IndexOfAnyExceptInRange((byte)0, (byte)((palette.Length / 3) - 1)) is >= 0 and var at)
            throw new InvalidDataException($"PNG palette has {palette.Length / 3} colours, pixel {at} wants number {samples[at]}");
        return new(pixels.Width, pixels.Height, colourType, pixels.Channels, samples, palette);
    }

    /// <summary>Writes red, green and blue plane.</summary>
    public void CopyPlanes(Span<byte> planes)
    {
        int pixels = Width * Height;
        for (int i = 0; i < pixels; i++)
        {
            ReadOnlySpan<byte> colour = _samples.AsSpan(i * _channels, _channels);
            if (_colourType == 3) colour = _palette.AsSpan(3 * colour[0], 3);
            bool grey = _colourType is 0 or 4;
            planes[i] = colour[0];
            planes[pixels + i] = grey ? colour[0] : colour[1];
            planes[(2 * pixels) + i] = grey ? colour[0] : colour[2];
        }
    }

    static (int ColourType, PngPixels Pixels) Header(ReadOnlySpan<byte> body)
    {
        if (body.Length != 13) throw new InvalidDataException($"PNG header chunk of {body.Length} bytes, not 13");
        uint width = BinaryPrimitives.ReadUInt32BigEndian(body), height = BinaryPrimitives.ReadUInt32BigEndian(body[4..]);
        if (width is 0 or > MaxSide || height is 0 or > MaxSide)
            throw new InvalidDataException($"PNG of {width} x {height} pixels, sides of 1..{MaxSide} are read");
        (int bits, int colourType) = (body[8], body[9]);
        int channels = (colourType, bits) switch
        {
            (0, 1 or 2 or 4 or 8 or 16) => 1,
            (2, 8 or 16) => 3,
            (3, 1 or 2 or 4 or 8) => 1,
            (4, 8 or 16) => 2,
            (6, 8 or 16) => 4,
            _ => throw new InvalidDataException($"PNG with {bits} bits and colour type {colourType}, which do not go together"),
        };
        if (body[10] != 0 || body[11] != 0)
            throw new InvalidDataException($"PNG with compression {body[10]} and filter method {body[11]}, only 0 exists");
        if (body[12] > 1) throw new InvalidDataException($"PNG with interlacing {body[12]}, 0 and 1 exist");
        return (colourType, new PngPixels((int)width, (int)height, channels, bits, Scaled: colourType == 0, Interlaced: body[12] == 1));
    }
}
