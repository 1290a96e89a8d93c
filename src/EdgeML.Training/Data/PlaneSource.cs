using EdgeML.Native.Imaging;
using EdgeML.Native.Models.Manifest;

namespace EdgeML.Training.Data;

/// <summary>Samples that are stored or drawn as square red, green and blue planes, brought to the order a network wants.</summary>
public abstract class PlaneSource : ImageSource
{
    readonly int _size;
    FrameFitter? _fitter;
    byte[] _planes = [];
    byte[] _pixels = [];
    IReadOnlyList<int>? _shape;

    private protected PlaneSource(int size) => _size = size;

    /// <inheritdoc/>
    public override IReadOnlyList<int> Shape => _shape ?? [3, _size, _size];

    /// <summary>Sets the input of a network that takes other planes than red, green and blue.</summary>
    internal void FitTo(PictureInput picture, IReadOnlyList<int> shape)
    {
        _shape = shape;
        if (picture is { Count: 3, How: { Layout: PixelLayout.Nchw, Channels: PixelChannels.Rgb } }) return;
        _fitter = new FrameFitter(picture);
        (_planes, _pixels) = (new byte[3 * _size * _size], new byte[3 * _size * _size]);
    }

    /// <summary>Reads the three planes of a sample.</summary>
    /// <returns>The label.</returns>
    protected abstract int ReadPlanes(long index, Span<byte> planes);

    /// <inheritdoc/>
    protected sealed override int ReadBytes(long index, Span<byte> input)
    {
        if (_fitter is null) return ReadPlanes(index, input);
        int label = ReadPlanes(index, _planes), plane = _size * _size;
        for (int i = 0; i < plane; i++)
            (_pixels[3 * i], _pixels[(3 * i) + 1], _pixels[(3 * i) + 2]) = (_planes[i], _planes[plane + i], _planes[(2 * plane) + i]);
        _fitter.Fit(new ImageFrame(_pixels, _size, _size, PixelFormat.Rgb24), input);
        return label;
    }
}
