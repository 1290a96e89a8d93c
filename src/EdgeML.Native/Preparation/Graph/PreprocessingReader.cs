using System.Globalization;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Preparation.Options;

namespace EdgeML.Native.Preparation.Graph;

/// <summary>Finds out how pictures become a model's input: options first, then the file's metadata, then the input's shape.</summary>
/// <remarks>Metadata: own keys (<c>edgeml.layout</c>, <c>.channels</c>, <c>.scale</c> or <c>.byteScale</c>, <c>.mean</c>, <c>.std</c>,
/// <c>.resize</c>), those that ONNX names for images (<c>Image.BitmapPixelFormat</c>, <c>Image.NominalPixelRange</c>), and the
/// denotation <c>DATA_CHANNEL</c> of a dimension.</remarks>
sealed class PreprocessingReader
{
    const string Prefix = "edgeml.";

    readonly Classifier _model;
    readonly IReadOnlyList<int> _shape;
    readonly PrepareOptions _options;

    PreprocessingReader(Classifier model, IReadOnlyList<int> shape, PrepareOptions options) =>
        (_model, _shape, _options) = (model, shape, options);

    string Shape => string.Join('x', _shape);

    /// <summary>An input of integers takes pixels as they are; so does a row of several inputs.</summary>
    double UsualScale => _model.Inputs is null or [{ IsInteger: false }] ? 1.0 / 255.0 : 1;

    /// <param name="model">Read; gets notes.</param>
    /// <param name="shape">Of the input, without batch.</param>
    /// <param name="options">The caller's options.</param>
    /// <returns>The scale of bytes, and the record; null for an input that is no picture.</returns>
    /// <exception cref="ArgumentException">An option that does not fit the input.</exception>
    /// <exception cref="InvalidDataException">Metadata that make no sense.</exception>
    internal static (double Scale, Preprocessing? Record) Read(Classifier model, IReadOnlyList<int> shape, PrepareOptions options) =>
        new PreprocessingReader(model, shape, options).Read();

    /// <summary>Puts a record into a model's metadata, from which it is read again.</summary>
    internal static void Write(ModelProto model, Preprocessing how)
    {
        Set("layout", how.Layout.ToString().ToUpperInvariant());
        Set("channels", how.Channels.ToString().ToUpperInvariant());
        Set("scale", how.Scale.ToString("R", CultureInfo.InvariantCulture));
        if (how.Mean.Count > 0) Set("mean", string.Join(',', how.Mean.Select(mean => mean.ToString("R", CultureInfo.InvariantCulture))));
        if (how.Std.Count > 0) Set("std", string.Join(',', how.Std.Select(std => std.ToString("R", CultureInfo.InvariantCulture))));
        Set("resize", how.Resize.ToString().ToLowerInvariant());

        void Set(string key, string value)
        {
            StringStringEntryProto? entry = model.MetadataProps.FirstOrDefault(p => p.Key == Prefix + key);
            if (entry is null) model.MetadataProps.Add(entry = new StringStringEntryProto { Key = Prefix + key });
            entry.Value = value;
        }
    }

    (double Scale, Preprocessing? Record) Read()
    {
        double? givenScale = Scale();
        IReadOnlyList<double>? givenMean = _options.Mean ?? Numbers("mean"), givenStd = _options.Std ?? Numbers("std");
        PixelChannels? givenChannels = _options.Channels ?? Word("channels", Channels, "RGB, BGR or GRAY");
        PictureResize? resize = _options.Resize ?? Word("resize", Resize, "stretch, crop or letterbox");
        PixelLayout? givenLayout = _options.Layout ?? Word("layout", Layout, "NCHW or NHWC") ?? Denoted();
        bool asked = givenMean is not null || givenStd is not null || givenChannels is not null || resize is not null
            || givenLayout is not null;
        PixelLayout layout = givenLayout ?? Guess();
        bool bytes = NamedTensor.TakeBytes(_model.Inputs);
        int count = (_shape.Count == 2 && !asked) || !bytes ? 0 : PictureInput.Channels(_shape, layout);
        if (count == 0)
        {
            if (!asked) return (givenScale ?? UsualScale, null);
            bool isOption = _options.Mean is not null || _options.Std is not null || _options.Channels is not null || _options.Resize is not null
                || _options.Layout is not null;
            if (!bytes && !isOption) return (givenScale ?? UsualScale, null); // metadata about one of several inputs, for instance
            if (!bytes)
                throw new ArgumentException(
                    $"{(_model.Inputs is [var only] ? $"the input '{only.Name}' is {only.Type}" : $"there are {_model.Inputs!.Count} inputs")}, "
                    + "a picture is one input of float32, float16 or uint8, so layout, channels, mean, std and resize do not apply");
            throw Misfit(
                isOption,
                $"the input {Shape} is no picture of 1 to 4 channels in the layout {layout.ToString().ToUpperInvariant()}, "
                + "so layout, channels, mean, std and resize do not apply");
        }
        (double scale, IReadOnlyList<double> mean) = (givenScale ?? UsualScale, givenMean ?? []);
        if (givenScale is null && givenMean is null && givenStd is null && Range() is { } range)
            (scale, mean) = (range.Scale, range.Mean == 0 ? [] : [range.Mean]);
        var record = new Preprocessing
        {
            Layout = layout,
            Channels = Colours(givenChannels, count),
            Scale = scale,
            Mean = PerChannel(mean, count, "mean", positive: false, _options.Mean is not null),
            Std = PerChannel(givenStd ?? [], count, "std", positive: true, _options.Std is not null),
            Resize = resize ?? PictureResize.Crop,
        };
        if (record.Mean.FirstOrDefault(m => Math.Abs(m) > 255 * scale * 1.001, 0) is not 0 and double far)
            _model.Notes.Add(FormattableString.Invariant(
                $"the mean {far} lies outside of all pixels, which are 0..{255 * scale:0.###} after scaling; was scale 1 meant?"));
        return (scale, record);
    }

    double? Scale()
    {
        if (_options.ByteScale is { } chosen)
            return double.IsFinite(chosen) && chosen > 0
                ? chosen
                : throw new ArgumentException($"byte scale is {chosen}, not a positive number");
        if ((Metadata("edgeml.scale") ?? Metadata("edgeml.byteScale")) is not { } text) return null;
        return Number(text) is { } scale && scale > 0
            ? scale
            : throw new InvalidDataException($"the model's metadata give the byte scale '{text}', not a positive number");
    }

    IReadOnlyList<double>? Numbers(string key)
    {
        if (Metadata(Prefix + key) is not { } text) return null;
        double?[] values = [.. text.Trim('[', ']', '(', ')', ' ').Split([',', ' '], StringSplitOptions.RemoveEmptyEntries).Select(Number)];
        return values.Length > 0 && !values.Contains(null)
            ? [.. values.Select(value => value!.Value)]
            : throw new InvalidDataException($"the model's metadata give the {key} '{text}', not numbers separated by commas");
    }

    T? Word<T>(string key, Func<string, T?> parse, string known)
        where T : struct
    {
        if (Metadata(Prefix + key) is not { } text) return null;
        return parse(text.Trim()) ?? throw new InvalidDataException($"the model's metadata give the {key} '{text}', not {known}");
    }

    /// <summary>The layout by the dimension that the file says holds channels.</summary>
    PixelLayout? Denoted()
    {
        var dims = _model.Model.Graph.Input[0].Type.TensorType.Shape.Dim;
        for (int i = 1; i < dims.Count; i++)
            if (dims[i].Denotation == "DATA_CHANNEL" && dims.Count == 4)
                return i == 1 ? PixelLayout.Nchw : i == 3 ? PixelLayout.Nhwc : null;
        return null;
    }

    PixelLayout Guess()
    {
        if (_shape.Count != 3) return PixelLayout.Nchw;
        bool first = PictureInput.Channels(_shape, PixelLayout.Nchw) > 0, last = PictureInput.Channels(_shape, PixelLayout.Nhwc) > 0;
        if (last && !first)
        {
            _model.Notes.Add($"the input {Shape} is taken as height, width, channels (NHWC); --layout says otherwise");
            return PixelLayout.Nhwc;
        }
        if (last && first)
            _model.Notes.Add($"the input {Shape} is taken as channels, height, width (NCHW); --layout NHWC says otherwise");
        return PixelLayout.Nchw;
    }

    PixelChannels Colours(PixelChannels? given, int count)
    {
        string format = given is null ? Metadata("Image.BitmapPixelFormat") ?? "" : "";
        PixelChannels? denoted = format.ToUpperInvariant() switch
        {
            "RGB8" or "RGBA8" or "SRGB8" => PixelChannels.Rgb,
            "BGR8" or "BGRA8" => PixelChannels.Bgr,
            "GRAY8" => PixelChannels.Gray,
            _ => null,
        };
        if (format.Length > 0 && (denoted is null || (count <= 2 && denoted != PixelChannels.Gray)))
        {
            _model.Notes.Add($"the file's Image.BitmapPixelFormat is '{format}', which tells nothing about {count} channels of 8 bits; it is ignored");
            denoted = null;
        }
        PixelChannels channels = given ?? denoted ?? (count <= 2 ? PixelChannels.Gray : PixelChannels.Rgb);
        if (count <= 2 && channels != PixelChannels.Gray)
            throw Misfit(
                _options.Channels is not null,
                $"channels {channels.ToString().ToUpperInvariant()}, but the input {Shape} has {count}; use GRAY");
        return channels;
    }

    /// <summary>The range of bytes 0..255 by ONNX's image metadata.</summary>
    (double Scale, double Mean)? Range()
    {
        if (Metadata("Image.ColorSpaceGamma") is { } gamma && !gamma.Equals("SRGB", StringComparison.OrdinalIgnoreCase))
            _model.Notes.Add($"the file's Image.ColorSpaceGamma is '{gamma}'; pictures are given as they are stored, which is sRGB as a rule");
        if (Metadata("Image.NominalPixelRange") is not { } text) return null;
        switch (text)
        {
            case "NominalRange_0_255": return (1, 0);
            case "Normalized_0_1": return (1 / 255.0, 0);
            case "Normalized_1_1": return (2 / 255.0, 1);
            case "NominalRange_16_235": return (219 / 255.0, -16);
            default:
                _model.Notes.Add($"the file's Image.NominalPixelRange is '{text}', which is not known; it is ignored");
                return null;
        }
    }

    /// <summary>The fault of an option, or of the file.</summary>
    static Exception Misfit(bool isOption, string message) =>
        isOption ? new ArgumentException(message) : new InvalidDataException($"the model's metadata do not fit: {message}");

    double[] PerChannel(IReadOnlyList<double> values, int count, string what, bool positive, bool isOption)
    {
        if (values.Count > 1 && values.Count != count)
            throw Misfit(isOption, $"{what} has {values.Count} values, the input {Shape} has {count} channels");
        foreach (double value in values)
            if (!float.IsFinite((float)value) || (positive && (float)value <= 0))
                throw Misfit(isOption, $"{what} holds {value}, not a {(positive ? "positive" : "finite")} number");
        return values.Count == 1 ? [.. Enumerable.Repeat(values[0], count)] : [.. values];
    }

    string? Metadata(string key) => _model.Model.MetadataProps.FirstOrDefault(p => p.Key == key)?.Value;

    /// <summary>A number, or a quotient such as 1/255.</summary>
    internal static double? Number(string text)
    {
        int slash = text.IndexOf('/');
        if (slash >= 0)
            return text.IndexOf('/', slash + 1) < 0 && Number(text[..slash]) is { } above && Number(text[(slash + 1)..]) is { } below
                && above / below is var quotient && double.IsFinite(quotient) ? quotient : null;
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number)
            ? number : null;
    }

    internal static PixelLayout? Layout(string text) => text.ToUpperInvariant() switch
    {
        "NCHW" => PixelLayout.Nchw,
        "NHWC" => PixelLayout.Nhwc,
        _ => null,
    };

    internal static PixelChannels? Channels(string text) => text.ToUpperInvariant() switch
    {
        "RGB" => PixelChannels.Rgb,
        "BGR" => PixelChannels.Bgr,
        "GRAY" => PixelChannels.Gray,
        _ => null,
    };

    internal static PictureResize? Resize(string text) => text.ToUpperInvariant() switch
    {
        "CROP" => PictureResize.Crop,
        "STRETCH" => PictureResize.Stretch,
        "LETTERBOX" => PictureResize.Letterbox,
        _ => null,
    };
}
