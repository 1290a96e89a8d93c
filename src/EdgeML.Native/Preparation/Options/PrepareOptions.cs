using EdgeML.Native.Models.Manifest;

namespace EdgeML.Native.Preparation.Options;

/// <summary>How a model file becomes a package.</summary>
public sealed record PrepareOptions
{
    /// <summary>Names of the outputs that are side exits, or null for all but the final one.</summary>
    public IReadOnlyList<string>? Exits { get; init; }

    /// <summary>Name of the final output, or null for the one with the most work before it.</summary>
    public string? Final { get; init; }

    /// <summary>The kind of the outputs. <see cref="Exits"/>, <see cref="Final"/> and <see cref="ClassNames"/> make them class scores.</summary>
    public OutputKind Outputs { get; init; }

    /// <summary>Names of the outputs to keep of a network whose outputs are taken as they are; null for all. Names make
    /// <see cref="Outputs"/> <see cref="OutputKind.Raw"/>.</summary>
    public IReadOnlyList<string>? OutputNames { get; init; }

    /// <summary>The input's shape without batch, for models that leave it open; otherwise null.</summary>
    public IReadOnlyList<int>? InputShape { get; init; }

    /// <summary>The same by the name of the input, for models with several.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<int>> InputShapes { get; init; } = new Dictionary<string, IReadOnlyList<int>>();

    /// <summary>Factor from a source byte to an input element; null for the model's metadata
    /// (<c>edgeml.scale</c>, <c>edgeml.byteScale</c>, <c>Image.NominalPixelRange</c>), or 1/255.</summary>
    public double? ByteScale { get; init; }

    /// <summary>How side exits decide; null for <see cref="Models.Manifest.ExitRule.Entropy"/>.</summary>
    public ExitRule? ExitRule { get; init; }

    /// <summary>Progress of the comparison with the model file, on the calling thread; must return quickly.</summary>
    public Action<PrepareProgress>? Progress { get; init; }

    /// <summary>Ends the comparison, with <see cref="OperationCanceledException"/>; nothing is written then.</summary>
    public CancellationToken Cancellation { get; init; }

    /// <summary>The axis of a picture's channels; null for metadata (<c>edgeml.layout</c>, or the denotation
    /// <c>DATA_CHANNEL</c>), or the input's shape.</summary>
    public PixelLayout? Layout { get; init; }

    /// <summary>Order of the colours; null for metadata (<c>edgeml.channels</c>, <c>Image.BitmapPixelFormat</c>), or RGB, or
    /// grey where there are one or two channels.</summary>
    public PixelChannels? Channels { get; init; }

    /// <summary>Subtracted after scaling, one value or one per channel of the network in its order; null for metadata
    /// (<c>edgeml.mean</c>), or 0.</summary>
    public IReadOnlyList<double>? Mean { get; init; }

    /// <summary>Divisor after the mean, one value or one per channel; null for metadata (<c>edgeml.std</c>), or 1.</summary>
    public IReadOnlyList<double>? Std { get; init; }

    /// <summary>How pictures of another size are brought to the input's; null for metadata (<c>edgeml.resize</c>), or the
    /// centred part.</summary>
    public PictureResize? Resize { get; init; }

    /// <summary>Whether pictures are read otherwise than the model file says, so that measurements of it elsewhere do not
    /// hold.</summary>
    internal bool ChangesPictures(ModelManifest manifest) =>
        manifest.Identity != manifest.Hash
        && (Layout is not null || Channels is not null || ByteScale is not null || Mean is not null || Std is not null || Resize is not null);

    /// <summary>Names of the classes, by class; null for the model's metadata (<c>edgeml.classes</c> as a JSON list or separated by
    /// commas, else <c>names</c>, <c>classes</c>, <c>labels</c>, <c>class_names</c> or <c>id2label</c>), or none.
    /// <see cref="ClassNames.Read"/> reads them from a file.</summary>
    public IReadOnlyList<string>? ClassNames { get; init; }

    /// <summary>Whether an existing package in the folder is replaced even if its measurements, its calibration, guarantee,
    /// bottlenecks or device profile, does not fit the new one and is lost.</summary>
    public bool Force { get; init; }
}

/// <summary>Kinds of outputs of a network.</summary>
public enum OutputKind
{
    /// <summary>Class scores where they can be, as <see cref="Classes"/> has it; otherwise as <see cref="Raw"/> has it, with a note.</summary>
    Auto = 0,

    /// <summary>The scores of a classifier, one output per exit.</summary>
    Classes = 1,

    /// <summary>Anything: a detector's boxes, a segmentation, an embedding. All of them together are the answer, without exits.</summary>
    Raw = 2,
}

/// <summary>How far the comparison with the model file has come.</summary>
/// <param name="Done">Ways of dividing the network compared so far.</param>
/// <param name="Total">All of them; larger when settings have to be changed and all is compared again.</param>
public readonly record struct PrepareProgress(int Done, int Total);
