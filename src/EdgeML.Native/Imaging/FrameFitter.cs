using EdgeML.Native.Inference.Sessions;
using EdgeML.Native.Models.Manifest;

namespace EdgeML.Native.Imaging;

/// <summary>Brings frames of any size and format to a network's input bytes: resized, colours and channels in its order. One thread at a
/// time; allocates only where a frame is of another size than the one before.</summary>
/// <remarks>The values are those of Pillow's <c>BILINEAR</c>. Alpha is left out where the network has no channel for it: colours stay as
/// they are stored, without a background. Where it has one, pixels are resized premultiplied, so that invisible colours do not
/// bleed into their neighbours.</remarks>
public sealed class FrameFitter
{
    readonly PictureInput _picture;
    readonly int _elements;
    readonly ResizeTaps _across = new();
    readonly ResizeTaps _down = new();
    FitBox _box;
    (int Width, int Height) _size;
    byte[] _converted = [];
    byte[] _narrowed = [];
    byte[] _row = [];

    /// <summary>For a model's input.</summary>
    /// <param name="manifest">Of a package.</param>
    /// <exception cref="ArgumentException">The input is no picture of 1 to 4 channels.</exception>
    public FrameFitter(ModelManifest manifest)
    {
        _picture = PictureInput.Of(manifest)
            ?? throw new ArgumentException(
                $"model {manifest.Name} takes {string.Join('x', manifest.Input.Shape)}, not a picture of 1 to 4 channels", nameof(manifest));
        _elements = manifest.Input.Elements;
    }

    internal FrameFitter(PictureInput picture) => (_picture, _elements) = (picture, picture.Count * picture.Height * picture.Width);

    /// <summary>Bytes of one input.</summary>
    public int Bytes => _elements;

    /// <summary>Writes a frame as the input's bytes, as <see cref="EdgeSession.Run(ReadOnlySpan{byte}, Span{float})"/> takes
    /// them.</summary>
    /// <param name="frame">Any size and format.</param>
    /// <param name="input">Exactly <see cref="Bytes"/> bytes.</param>
    /// <exception cref="ArgumentException">A destination of another length, or a frame that was not made by its constructor.</exception>
    public void Fit(in ImageFrame frame, Span<byte> input)
    {
        if (input.Length != _elements)
            throw new ArgumentException($"destination holds {input.Length} bytes, an input has {_elements}", nameof(input));
        if (frame.Width == 0) throw new ArgumentException("the frame is empty", nameof(frame));
        if (_size != (frame.Width, frame.Height)) Measure(frame.Width, frame.Height);

        RowKind kind = KindOf(frame.Format);
        int bytes = kind == RowKind.Gray ? 1 : 4, width = _box.OutWidth * bytes;
        (int first, int end) = _box.ResizesDown ? (_down.First(0), _down.End) : (0, frame.Height);
        Reserve(ref _narrowed, (end - first) * width);
        for (int y = first; y < end; y++) Narrow(frame, y, kind, _narrowed.AsSpan((y - first) * width, width));

        if (_box.OutWidth != _picture.Width || _box.OutHeight != _picture.Height) input.Clear();
        Reserve(ref _row, width);
        for (int y = 0; y < _box.OutHeight; y++)
        {
            Span<byte> row = _row.AsSpan(0, width);
            if (_box.ResizesDown) FrameRows.MixRows(_narrowed.AsSpan((_down.First(y) - first) * width), width, _down.Weights(y), row);
            else row = _narrowed.AsSpan(y * width, width);
            Write(row, kind, frame.Format, _box.OutTop + y, input);
        }
    }

    enum RowKind
    {
        /// <summary>One byte, luma.</summary>
        Gray,

        /// <summary>Four bytes, the frame's own order; the fourth means nothing.</summary>
        Colour,

        /// <summary>Four bytes, premultiplied by the fourth.</summary>
        ColourAlpha,

        /// <summary>Luma three times and alpha, premultiplied.</summary>
        GrayAlpha,
    }

    RowKind KindOf(PixelFormat format)
    {
        if (!_picture.HasAlpha) return format == PixelFormat.Gray8 || _picture.IsGray ? RowKind.Gray : RowKind.Colour;
        return _picture.IsGray || format == PixelFormat.Gray8 ? RowKind.GrayAlpha : RowKind.ColourAlpha;
    }

    void Measure(int width, int height)
    {
        _box = FitBox.Of(_picture, width, height);
        if (_box.ResizesAcross) _across.Set(width, _box.Left, _box.ExtentX, _box.OutWidth);
        if (_box.ResizesDown) _down.Set(height, _box.Top, _box.ExtentY, _box.OutHeight);
        _size = (width, height);
    }

    /// <summary>Brings one row to the new width.</summary>
    void Narrow(in ImageFrame frame, int y, RowKind kind, Span<byte> to)
    {
        ReadOnlySpan<byte> row = frame.Row(y);
        int step = frame.PixelBytes;
        if (kind is RowKind.ColourAlpha or RowKind.GrayAlpha || (kind == RowKind.Gray && step > 1))
        {
            step = kind == RowKind.Gray ? 1 : 4;
            Reserve(ref _converted, frame.Width * step);
            Span<byte> converted = _converted.AsSpan(0, frame.Width * step);
            bool blueFirst = frame.Format is PixelFormat.Bgr24 or PixelFormat.Bgra32;
            if (kind == RowKind.Gray) FrameRows.ToLuma(row, frame.PixelBytes, blueFirst, converted);
            else FrameRows.Premultiply(row, frame.PixelBytes, kind == RowKind.GrayAlpha, blueFirst, _box.Resizes, converted);
            row = converted;
        }
        if (_box.ResizesAcross)
        {
            if (step == 1) FrameRows.MixGray(row, _across, to);
            else FrameRows.MixPixels(row, step, _across, to);
        }
        else if (step == 3) FrameRows.Widen(row, to);
        else row.CopyTo(to);
    }

    /// <summary>Puts one finished row into the input.</summary>
    void Write(ReadOnlySpan<byte> row, RowKind kind, PixelFormat format, int y, Span<byte> input)
    {
        if (kind is RowKind.ColourAlpha or RowKind.GrayAlpha && _box.Resizes)
        {
            Reserve(ref _converted, row.Length);
            Span<byte> plain = _converted.AsSpan(0, row.Length);
            FrameRows.Unpremultiply(row, plain);
            row = plain;
        }
        int channels = _picture.Count, from = kind == RowKind.Gray ? 1 : 4, width = _box.OutWidth;
        bool planes = _picture.How.Layout == PixelLayout.Nchw;
        int step = planes ? 1 : channels, plane = planes ? _picture.Width * _picture.Height : 1;
        int at = ((y * _picture.Width) + _box.OutLeft) * step;
        for (int c = 0; c < channels; c++)
        {
            int source = Source(c, kind, format);
            Span<byte> to = input[(at + (c * plane))..];
            if (step == 1 && from == 1) row.CopyTo(to);
            else FrameRows.Scatter(row[source..], from, to, step, width);
        }
    }

    /// <summary>Which byte of a row's pixel becomes a channel of the input.</summary>
    int Source(int channel, RowKind kind, PixelFormat format)
    {
        if (kind == RowKind.Gray) return 0;
        if (_picture.HasAlpha && channel == _picture.Count - 1) return 3;
        if (kind == RowKind.GrayAlpha) return 0;
        bool swapped = format is PixelFormat.Bgr24 or PixelFormat.Bgra32 != (_picture.How.Channels == PixelChannels.Bgr);
        return swapped ? 2 - channel : channel;
    }

    static void Reserve(ref byte[] buffer, int bytes)
    {
        if (buffer.Length < bytes) buffer = new byte[bytes];
    }
}
