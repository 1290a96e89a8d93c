using System.Buffers.Binary;
using System.Runtime.InteropServices;
using EdgeML.Native.Imaging;
using SkiaSharp;

namespace EdgeML.Training.Data;

/// <summary>Decodes JPEG, PNG, WebP, BMP and GIF files (the first frame) into upright pixels, 8 bits per channel, alpha not premultiplied. One
/// thread at a time; the memory of a picture is used again for the next.</summary>
/// <remarks>Colours are those stored: no colour profile is applied. Of 16 bits the upper 8 are taken. The orientation that EXIF gives is
/// applied.</remarks>
sealed class PictureReader
{
    /// <summary>Larger pictures are refused before memory is taken for them.</summary>
    internal const long MaxPixels = 100_000_000;

    const long MaxFileBytes = 512L << 20;

    const string Formats = "JPEG, PNG, WebP, BMP and GIF";

    static readonly string[] s_extensions = [".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".dib", ".gif"];

    uint[] _pixels = [];
    uint[] _turned = [];
    int _width;
    int _height;

    /// <summary>The readable formats, for people.</summary>
    internal static string Known => Formats;

    /// <summary>Whether a file's name is that of a picture.</summary>
    internal static bool IsPicture(string path) =>
        s_extensions.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);

    /// <summary>The picture read last; valid until the next one.</summary>
    internal ImageFrame Frame => new(MemoryMarshal.AsBytes(_pixels.AsSpan(0, _width * _height)), _width, _height, PixelFormat.Rgba32);

    /// <summary>Reads a file.</summary>
    /// <exception cref="InvalidDataException">Not a picture, a damaged one, or one that is too large; one line names the file.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    internal void Load(string path)
    {
        long length = new FileInfo(path).Length;
        if (length > MaxFileBytes) throw new InvalidDataException($"{path} has {length} bytes, pictures have at most {MaxFileBytes}");
        if (length == 0) throw new InvalidDataException($"{path} is empty");
        Decode(File.ReadAllBytes(path), path);
    }

    /// <summary>Decodes a file's bytes.</summary>
    /// <param name="file">The whole file.</param>
    /// <param name="name">For messages.</param>
    internal void Decode(ReadOnlySpan<byte> file, string name)
    {
        using SKData data = SKData.CreateCopy(file);
        using SKCodec? codec = SKCodec.Create(data);
        if (codec is null)
            throw new InvalidDataException(
                $"{name} cannot be decoded: {Formats} are read, it begins with {Convert.ToHexStringLower(file[..Math.Min(8, file.Length)])}");
        if (codec.EncodedFormat is not (SKEncodedImageFormat.Jpeg or SKEncodedImageFormat.Png or SKEncodedImageFormat.Webp
            or SKEncodedImageFormat.Bmp or SKEncodedImageFormat.Gif))
            throw new InvalidDataException($"{name} is a {codec.EncodedFormat} file; {Formats} are read");
        SKImageInfo info = codec.Info;
        if (info.Width is < 1 or > ImageFrame.MaxSide || info.Height is < 1 or > ImageFrame.MaxSide
            || (long)info.Width * info.Height > MaxPixels)
            throw new InvalidDataException(
                $"{name} has {info.Width} x {info.Height} pixels; sides of 1..{ImageFrame.MaxSide} and {MaxPixels} pixels are read");
        (_width, _height) = (info.Width, info.Height);
        Reserve(ref _pixels, _width * _height);
        // Without a colour space nothing is converted.
        var wanted = new SKImageInfo(
            _width, _height, SKColorType.Rgba8888, info.IsOpaque ? SKAlphaType.Opaque : SKAlphaType.Unpremul, colorspace: null);
        SKCodecResult result;
        unsafe
        {
            fixed (uint* pixels = _pixels) result = codec.GetPixels(wanted, (nint)pixels);
        }
        if (result != SKCodecResult.Success)
            throw new InvalidDataException(
                result == SKCodecResult.IncompleteInput
                    ? $"{name} ends in the middle of its {_width} x {_height} pixels"
                    : $"{name} is damaged: {codec.EncodedFormat}, {_width} x {_height} pixels, {result}");
        // The decoder calls a progressive file complete after its first scans, and gives a blurred picture.
        if (codec.EncodedFormat == SKEncodedImageFormat.Jpeg && !HasJpegEnd(file))
            throw new InvalidDataException($"{name} ends in the middle of its {_width} x {_height} pixels");
        Turn(codec.EncodedOrigin);
    }

    /// <summary>Whether a JPEG file's segments and scans lead to its end marker.</summary>
    static bool HasJpegEnd(ReadOnlySpan<byte> file)
    {
        const byte Marker = 0xFF, End = 0xD9, Start = 0xD8, FirstRestart = 0xD0;
        int at = 2;
        while (true)
        {
            // In a scan, 0 after 0xFF stands for the byte 0xFF itself, and 0xFF fills up.
            while (at + 1 < file.Length && (file[at] != Marker || file[at + 1] is 0 or Marker)) at++;
            if (at + 1 >= file.Length) return false;
            byte kind = file[at + 1];
            at += 2;
            if (kind == End) return true;
            if (kind is >= FirstRestart and <= Start or 1) continue; // nothing follows these
            if (at + 1 >= file.Length) return false;
            at += BinaryPrimitives.ReadUInt16BigEndian(file[at..]);
        }
    }

    /// <summary>Turns and mirrors the pixels as the camera was held.</summary>
    void Turn(SKEncodedOrigin origin)
    {
        if (origin is SKEncodedOrigin.TopLeft or < SKEncodedOrigin.TopLeft or > SKEncodedOrigin.LeftBottom) return;
        // Upright pixel (x, y) is stored at start + x * right + y * down.
        int last = _width - 1, bottom = (_height - 1) * _width;
        (int start, int right, int down) = origin switch
        {
            SKEncodedOrigin.TopRight => (last, -1, _width),
            SKEncodedOrigin.BottomRight => (bottom + last, -1, -_width),
            SKEncodedOrigin.BottomLeft => (bottom, 1, -_width),
            SKEncodedOrigin.LeftTop => (0, _width, 1),
            SKEncodedOrigin.RightTop => (bottom, -_width, 1),
            SKEncodedOrigin.RightBottom => (bottom + last, -_width, -1),
            _ => (last, _width, -1),
        };
        if (origin >= SKEncodedOrigin.LeftTop) (_width, _height) = (_height, _width);
        Reserve(ref _turned, _width * _height);
        for (int y = 0; y < _height; y++)
        {
            Span<uint> row = _turned.AsSpan(y * _width, _width);
            for (int x = 0, from = start + (y * down); x < row.Length; x++, from += right) row[x] = _pixels[from];
        }
        (_pixels, _turned) = (_turned, _pixels);
    }

    static void Reserve(ref uint[] buffer, int pixels)
    {
        if (buffer.Length < pixels) buffer = new uint[pixels];
    }
}
