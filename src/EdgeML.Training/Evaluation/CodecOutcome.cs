using EdgeML.Native.Models.Manifest;
using EdgeML.Training.Bottlenecks;

namespace EdgeML.Training.Evaluation;

/// <summary>Bytes and accuracy of codecs at cuts, and the bottlenecks made.</summary>
/// <param name="Rows">One per cut and codec, cuts ascending.</param>
/// <param name="Accuracy">Share of right answers of the final exit without a codec; NaN without labels.</param>
/// <param name="Worth">Made bottlenecks that lose at most as much as the plan allows, none of them larger than one at its cut that loses
/// no more.</param>
public sealed record CodecOutcome(IReadOnlyList<CodecRow> Rows, double Accuracy, IReadOnlyList<CutBottleneck> Worth)
{
    /// <summary>Rows, accuracy and bottlenecks in one line.</summary>
    public override string ToString() => FormattableString.Invariant(
        $"{Rows.Count} rows, accuracy {Accuracy:0.0000} without a codec, {Worth.Count} bottlenecks to keep");
}
