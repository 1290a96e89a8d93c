using EdgeML.Native.Models.Packages;
using EdgeML.Training.Data;

namespace EdgeML.Training.Quantisation;

/// <summary>The options of <c>edgeml quantize</c>.</summary>
/// <param name="Package">Folder of a package of float32 layers.</param>
/// <param name="Data">Calibration samples, which tell the ranges of tensors.</param>
/// <param name="Folder">The package to write.</param>
sealed record QuantiseOptions(string Package, DataSpec Data, string Folder)
{
    /// <summary>How many calibration samples; null for 512, or half of what there is where <see cref="Test"/> is null.</summary>
    internal int? Samples { get; init; }

    internal RangeMethod Method { get; init; } = RangeMethod.Mse;

    /// <summary>Layers that stay float32, by the names of nodes or units.</summary>
    internal IReadOnlyList<string> Skip { get; init; } = [];

    /// <summary>Most layers, besides those of <see cref="Skip"/>, that may stay float32 to keep <see cref="MaxLoss"/>; null for a quarter of them.</summary>
    internal int? MostFloat { get; init; }

    /// <summary>Points of accuracy that every exit may lose.</summary>
    internal double MaxLoss { get; init; } = 1;

    /// <summary>Test samples, which judge; null judges by those of <see cref="Data"/> that are left.</summary>
    internal DataSpec? Test { get; init; }

    /// <summary>How many test samples; null for 2000, or what there is.</summary>
    internal int? TestSamples { get; init; }

    /// <summary>Whether labels judge; null where they do if all judging samples have one.</summary>
    internal bool? UseLabels { get; init; }

    /// <summary>Whether a package at <see cref="Folder"/> whose measurements would be lost is replaced.</summary>
    internal bool Force { get; init; }

    /// <summary>Where to write the quantised network as one ONNX file, too; null for nowhere.</summary>
    internal string? OnnxFile { get; init; }

    /// <summary>Keys of which one must have signed the package; null for any package.</summary>
    internal TrustedKeys? TrustedKeys { get; init; }
}
