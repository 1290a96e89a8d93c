using System.Globalization;
using System.Text;
using System.Text.Json.Serialization;

namespace EdgeML.Native.Models.Manifest;

/// <summary>How a picture becomes the network's input: element = (byte * scale - mean) / std, mean and std by channel. Immutable.</summary>
public sealed record Preprocessing
{
    /// <summary>Where the channels lie.</summary>
    public required PixelLayout Layout { get; init; }

    /// <summary>Their order.</summary>
    public required PixelChannels Channels { get; init; }

    /// <summary>Factor for a byte, 0..255; above 0.</summary>
    public required double Scale { get; init; }

    /// <summary>Subtracted after scaling: a value per channel of the network in its order, or empty for 0.</summary>
    public IReadOnlyList<double> Mean { get; init => field = value ?? []; } = [];

    /// <summary>Divisor after the mean: a value above 0 per channel of the network in its order, or empty for 1.</summary>
    public IReadOnlyList<double> Std { get; init => field = value ?? []; } = [];

    /// <summary>How pictures of another size are brought to the input's.</summary>
    public PictureResize Resize { get; init; } = PictureResize.Crop;

    /// <summary>Whether packages without a record mean the same: RGB or one grey channel, planes, 0..1, the centred part.</summary>
    [JsonIgnore]
    internal bool IsUsual =>
        Layout == PixelLayout.Nchw && Channels != PixelChannels.Bgr && Scale == 1.0 / 255.0 && Resize == PictureResize.Crop
        && Mean.All(mean => mean == 0) && Std.All(std => std == 1);

    /// <summary>16 hexadecimal digits that differ where any value differs.</summary>
    internal string Digest()
    {
        string text = string.Create(
            CultureInfo.InvariantCulture,
            $"{Layout} {Channels} {Scale:R} [{Numbers(Mean, 0)}] [{Numbers(Std, 1)}] {Resize}");
        return ContentHash.Of(Encoding.ASCII.GetBytes(text))[..16];
    }

    /// <summary>For people: <c>RGB NCHW, scale 1/255, mean 0.485 0.456 0.406, std 0.229 0.224 0.225, crop</c>.</summary>
    public override string ToString()
    {
        double divisor = 1 / Scale;
        string scale = divisor is > 1 and <= 65536 && 1.0 / Math.Round(divisor) == Scale
            ? string.Create(CultureInfo.InvariantCulture, $"1/{Math.Round(divisor)}")
            : Scale.ToString(CultureInfo.InvariantCulture);
        string mean = Mean.Count == 0 ? "" : $", mean {Numbers(Mean, double.NaN)}", std = Std.Count == 0 ? "" : $", std {Numbers(Std, double.NaN)}";
        return $"{Channels.ToString().ToUpperInvariant()} {Layout.ToString().ToUpperInvariant()}, scale {scale}{mean}{std}, "
            + Resize.ToString().ToLowerInvariant();
    }

    /// <summary>Compares values; lists by their elements.</summary>
    public bool Equals(Preprocessing? other) => other is not null && ToString() == other.ToString() && Digest() == other.Digest();

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Layout, Channels, Scale, Resize);

    /// <summary>A list of equal values is kept as one value.</summary>
    static string Numbers(IReadOnlyList<double> values, double none) =>
        values.All(value => value == none) ? "" : string.Join(' ', values.Select(value => value.ToString("R", CultureInfo.InvariantCulture)));
}
