namespace EdgeML.Native.Models;

/// <summary>How a model file becomes a package.</summary>
public sealed record PrepareOptions
{
    /// <summary>Names of the outputs that are side exits, or null for all but the final one.</summary>
    public IReadOnlyList<string>? Exits { get; init; }

    /// <summary>Name of the final output, or null for the one with the most work before it.</summary>
    public string? Final { get; init; }

    /// <summary>The input's shape without batch, for models that leave it open; otherwise null.</summary>
    public IReadOnlyList<int>? InputShape { get; init; }

    /// <summary>What a source byte is multiplied by to become an input element; null for what the model's metadata say
    /// (<c>edgeml.byteScale</c>), or 1/255.</summary>
    public double? ByteScale { get; init; }

    /// <summary>Told how far the comparison with the model file has come, on the calling thread; must return quickly.</summary>
    public Action<PrepareProgress>? Progress { get; init; }

    /// <summary>Ends the comparison, with <see cref="OperationCanceledException"/>; nothing is written then.</summary>
    public CancellationToken Cancellation { get; init; }

    /// <summary>Names of the classes, by class; null for what the model's metadata say (<c>edgeml.classes</c> as a JSON list or separated by
    /// commas, else <c>names</c>, <c>classes</c>, <c>labels</c>, <c>class_names</c> or <c>id2label</c>), or none.
    /// <see cref="Models.ClassNames.Read"/> reads them from a file.</summary>
    public IReadOnlyList<string>? ClassNames { get; init; }

    /// <summary>Whether a package that lies in the folder is replaced even if what was measured of it, its calibration, promise,
    /// bottlenecks or device profile, does not fit the new one and is lost.</summary>
    public bool Force { get; init; }
}
