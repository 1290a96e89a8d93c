namespace EdgeML.Native.Models.Manifest;

/// <summary>An input that takes pictures: its geometry and how they get there. Immutable.</summary>
/// <param name="Count">Channels, 1..4.</param>
/// <param name="Height">In pixels.</param>
/// <param name="Width">In pixels.</param>
/// <param name="How">The package's record, or the default.</param>
sealed record PictureInput(int Count, int Height, int Width, Preprocessing How)
{
    /// <summary>Whether the last channel is alpha.</summary>
    internal bool HasAlpha => Count is 2 or 4;

    /// <summary>Whether colours are luma.</summary>
    internal bool IsGray => Count <= 2 || How.Channels == PixelChannels.Gray;

    /// <summary>Null for an input that takes no pictures.</summary>
    internal static PictureInput? Of(ModelManifest manifest)
    {
        if (!manifest.TakesBytes) return null;
        if (manifest.Preprocessing is { } how) return Of(manifest.Input.Shape, how);
        return Channels(manifest.Input.Shape, PixelLayout.Nchw) is var count and > 0
            ? Of(manifest.Input.Shape, Usual(count, manifest.Input.ByteScale))
            : null;
    }

    /// <summary>Planes of the usual colours for a shape without batch; null where it is no picture's.</summary>
    internal static PictureInput? Usual(IReadOnlyList<int> shape) =>
        Channels(shape, PixelLayout.Nchw) is var count and > 0 ? Of(shape, Usual(count, 1.0 / 255.0)) : null;

    /// <summary>Planes of the usual colours, without mean.</summary>
    internal static Preprocessing Usual(int channels, double scale) => new()
    {
        Layout = PixelLayout.Nchw,
        Channels = channels <= 2 ? PixelChannels.Gray : PixelChannels.Rgb,
        Scale = scale,
    };

    /// <summary>Channels that a shape without batch has under a layout; 0 where it cannot be a picture's.</summary>
    internal static int Channels(IReadOnlyList<int> shape, PixelLayout layout) => shape switch
    {
        [var first, _, _] when layout == PixelLayout.Nchw && first is >= 1 and <= 4 => first,
        [_, _, var last] when layout == PixelLayout.Nhwc && last is >= 1 and <= 4 => last,
        // Grey pictures without a dimension for it.
        [_, _] => 1,
        _ => 0,
    };

    static PictureInput? Of(IReadOnlyList<int> shape, Preprocessing how)
    {
        int count = Channels(shape, how.Layout);
        if (count == 0) return null;
        return shape.Count == 2 || how.Layout == PixelLayout.Nhwc
            ? new PictureInput(count, shape[0], shape[1], how)
            : new PictureInput(count, shape[1], shape[2], how);
    }
}
