using EdgeML.Native.Models.Onnx;
using EdgeML.Native.Preparation.Options;
using EdgeML.Training.Data;

namespace EdgeML.Training.Branching;

/// <summary>The options of <c>edgeml branch</c>.</summary>
/// <param name="ModelFile">An ONNX classifier.</param>
/// <param name="Data">Samples to learn from.</param>
/// <param name="Folder">The package to write.</param>
sealed record BranchOptions(string ModelFile, DataSpec Data, string Folder)
{
    /// <summary>Name of the output with the class scores; null where there is one output.</summary>
    internal string? Output { get; init; }

    /// <summary>The input's shape without batch, for a model that leaves dimensions open; otherwise null.</summary>
    internal IReadOnlyList<int>? InputShape { get; init; }

    /// <summary>How pictures become the input, where that is given.</summary>
    internal PrepareOptions Prepare { get; init; } = new();

    internal int Exits { get; init; } = 3;

    /// <summary>Whether labels teach; null where they do if the data have them.</summary>
    internal bool? UseLabels { get; init; }

    /// <summary>Multiply-accumulates of all heads together, percent of the backbone's.</summary>
    internal double HeadBudget { get; init; } = 2;

    internal ulong Seed { get; init; } = 1;

    /// <summary>Samples of <see cref="Data"/>; null for all of a file, or a number that suits an endless source.</summary>
    internal int? Count { get; init; }

    /// <summary>Other samples to judge by; null judges by the held-out part.</summary>
    internal DataSpec? Test { get; init; }

    internal int? TestCount { get; init; }

    /// <summary>Steps every head is given at least, unless held-out samples end it before.</summary>
    internal int LeastSteps { get; init; } = 3000;

    /// <summary>A folder for features and half-trained heads that stays; null for one beside the package that goes.</summary>
    internal string? Work { get; init; }

    /// <summary>Also writes the branched model as one ONNX file.</summary>
    internal string? OnnxFile { get; init; }

    /// <summary>Whether a package in the folder is replaced even if its guarantee, bottlenecks or profile are lost.</summary>
    internal bool Force { get; init; }

    internal int Threads { get; init; } = Environment.ProcessorCount;
}
