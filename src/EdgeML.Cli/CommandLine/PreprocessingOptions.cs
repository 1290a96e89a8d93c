using System.CommandLine;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Preparation.Options;

namespace EdgeML.Cli.CommandLine;

/// <summary>The options for how pictures become a network's input.</summary>
sealed class PreprocessingOptions
{
    readonly Option<string?> _layout = SharedOptions.OneOf(
        "--layout", "Where a picture's channels lie in the input; by metadata or the input's shape unless given.", "NCHW", "NHWC");
    readonly Option<string?> _channels = SharedOptions.OneOf(
        "--channels", "Order of the colours; by metadata, or RGB, or GRAY for 1 and 2 channels, unless given.", "RGB", "BGR", "GRAY");
    readonly Option<string?> _resize = SharedOptions.OneOf(
        "--resize", "How pictures of another size are fitted: the whole changed in its proportions, the centred part, or the whole between black borders (crop).",
        "stretch", "crop", "letterbox");

    readonly Option<double?> _scale = new("--scale")
    {
        HelpName = "F",
        Description = "Factor for bytes 0..255, for instance 1 or 1/255; by metadata, or 1/255, unless given.",
        CustomParser = Parse.Scale,
    };

    readonly Option<double[]?> _mean = new("--mean")
    {
        HelpName = "M,...",
        Description = "Subtracted after scaling: one number, or one per channel in the network's order (0).",
        CustomParser = Parse.Numbers,
    };

    readonly Option<double[]?> _std = new("--std")
    {
        HelpName = "D,...",
        Description = "Divisor after the mean: one number, or one per channel in the network's order (1).",
        CustomParser = Parse.Numbers,
    };

    public IEnumerable<Option> All => [_layout, _channels, _scale, _mean, _std, _resize];

    /// <summary>Options with the given values.</summary>
    public PrepareOptions Apply(ParseResult parsed, PrepareOptions options) => options with
    {
        Layout = parsed.GetValue(_layout) switch { "NCHW" => PixelLayout.Nchw, "NHWC" => PixelLayout.Nhwc, _ => null },
        Channels = parsed.GetValue(_channels) switch
        {
            "RGB" => PixelChannels.Rgb,
            "BGR" => PixelChannels.Bgr,
            "GRAY" => PixelChannels.Gray,
            _ => null,
        },
        ByteScale = parsed.GetValue(_scale),
        // An option that takes an array is empty, not null, where it was not given.
        Mean = parsed.GetValue(_mean) is { Length: > 0 } mean ? mean : null,
        Std = parsed.GetValue(_std) is { Length: > 0 } std ? std : null,
        Resize = parsed.GetValue(_resize) switch
        {
            "stretch" => PictureResize.Stretch,
            "crop" => PictureResize.Crop,
            "letterbox" => PictureResize.Letterbox,
            _ => null,
        },
    };
}
