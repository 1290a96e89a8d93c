using System.Buffers.Binary;
using System.IO.Compression;

namespace EdgeML.Native.Lab.Data;

/// <summary>A decoded PNG file of 8 bits a channel: grey, RGB, palette, with or without alpha (which is ignored), not interlaced.</summary>
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
        int width = 0, height = 0, colourType = -1, channels = 0;
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
            if (type.SequenceEqual("IHDR"u8)) (width, height, colourType, channels) = Header(body);
            else if (type.SequenceEqual("PLTE"u8)) palette = body.ToArray();
            else if (type.SequenceEqual("IDAT"u8)) packed.Write(body);
            else if (type.SequenceEqual("IEND"u8)) ended = true;
            file = file[(8 + (int)length)..];
        }
        if (colourType == 3 && palette.Length is 0 or > 768 || palette.Length % 3 != 0)
            throw new InvalidDataException($"PNG palette of {palette.Length} bytes");
        packed.Position = 0;
        byte[] samples = Unpack(packed, width * channels, height, channels);
        if (colourType == 3 && samples.AsSpan().IndexOfAnyExceptInRange((byte)0, (byte)((palette.Length / 3) - 1)) is >= 0 and var at)
            throw new InvalidDataException($"PNG palette has {palette.Length / 3} colours, pixel {at} wants number {samples[at]}");
        return new(width, height, colourType, channels, samples, palette);
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

    static (int Width, int Height, int ColourType, int Channels) Header(ReadOnlySpan<byte> body)
    {
        if (body.Length != 13) throw new InvalidDataException($"PNG header chunk of {body.Length} bytes, not 13");
        uint width = BinaryPrimitives.ReadUInt32BigEndian(body), height = BinaryPrimitives.ReadUInt32BigEndian(body[4..]);
        if (width is 0 or > MaxSide || height is 0 or > MaxSide)
            throw new InvalidDataException($"PNG of {width} x {height} pixels, sides of 1..{MaxSide} are read");
        int channels = body[9] switch { 0 => 1, 2 => 3, 3 => 1, 4 => 2, 6 => 4, _ => 0 };
        if (body[8] != 8 || channels == 0)
            throw new InvalidDataException($"PNG with {body[8]} bits and colour type {body[9]}, only 8 bits are read");
        if (body[10] != 0 || body[11] != 0)
            throw new InvalidDataException($"PNG with compression {body[10]} and filter method {body[11]}, only 0 exists");
        if (body[12] != 0) throw new InvalidDataException("interlaced PNG files are not read");
        return ((int)width, (int)height, body[9], channels);
    }

    static byte[] Unpack(Stream packed, int stride, int height, int channels)
    {
        try
        {
            return Unfilter(packed, stride, height, channels);
        }
        catch (IOException e)
        {
            throw new InvalidDataException("PNG pixels are not a zlib stream", e);
        }
    }

    static byte[] Unfilter(Stream packed, int stride, int height, int channels)
    {
        var samples = new byte[stride * height];
        var above = new byte[stride];
        using var stream = new ZLibStream(packed, CompressionMode.Decompress);
        for (int y = 0; y < height; y++)
        {
            int filter = stream.ReadByte();
            Span<byte> row = samples.AsSpan(y * stride, stride);
            if (filter < 0 || stream.ReadAtLeast(row, stride, throwOnEndOfStream: false) < stride)
                throw new InvalidDataException($"PNG pixels end in row {y} of {height}");
            ReadOnlySpan<byte> up = y == 0 ? above : samples.AsSpan((y - 1) * stride, stride);
            Unfilter(filter, row, up, channels);
        }
        return samples;
    }

    static void Unfilter(int filter, Span<byte> row, ReadOnlySpan<byte> up, int channels)
    {
        if (filter > 4) throw new InvalidDataException($"PNG row filter {filter}, 0..4 exist");
        for (int i = 0; i < row.Length; i++)
        {
            int left = i < channels ? 0 : row[i - channels], corner = i < channels ? 0 : up[i - channels];
            row[i] += (byte)(filter switch
            {
                1 => left,
                2 => up[i],
                3 => (left + up[i]) >> 1,
                4 => Paeth(left, up[i], corner),
                _ => 0,
            });
        }
    }

    static int Paeth(int left, int up, int corner)
    {
        int estimate = left + up - corner;
        int byLeft = Math.Abs(estimate - left), byUp = Math.Abs(estimate - up), byCorner = Math.Abs(estimate - corner);
        return byLeft <= byUp && byLeft <= byCorner ? left : byUp <= byCorner ? up : corner;
    }
}
