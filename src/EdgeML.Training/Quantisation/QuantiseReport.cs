using EdgeML.Native.Models.Manifest;

namespace EdgeML.Training.Quantisation;

/// <summary>The result of a run.</summary>
/// <param name="Float">Manifest of the package of float32 layers.</param>
/// <param name="Manifest">Of the package written.</param>
/// <param name="Exits">By depth, the final one last.</param>
/// <param name="Labelled">Whether labels judged.</param>
/// <param name="Ranging">Samples that told the ranges.</param>
/// <param name="Judging">Samples that judged.</param>
/// <param name="Judges">Their name.</param>
/// <param name="Layers">Layers that compute with integers.</param>
/// <param name="IntegerShare">Their share of the multiply-accumulates.</param>
/// <param name="FloatLayers">Layers left float32: asked for, too costly, or without an integer kernel.</param>
/// <param name="Times">The whole float32 network beside the quantised one.</param>
/// <param name="FloatBytes">Of the float32 network's graph and weights.</param>
/// <param name="Bytes">Of the quantised one's.</param>
/// <param name="Notes">A sentence each.</param>
sealed record QuantiseReport(
    ModelManifest Float, ModelManifest Manifest, IReadOnlyList<QuantisedExit> Exits, bool Labelled, int Ranging, int Judging, string Judges,
    int Layers, double IntegerShare, IReadOnlyList<FloatLayer> FloatLayers, PairedTimes Times, long FloatBytes, long Bytes,
    IReadOnlyList<string> Notes);

/// <summary>An exit before and after.</summary>
/// <param name="Name">Of the exit.</param>
/// <param name="FloatAccuracy">Share of right answers; NaN without labels.</param>
/// <param name="Accuracy">Share of right answers; NaN without labels.</param>
/// <param name="Agreement">Share of answers that stayed the same.</param>
/// <param name="Lost">What counts: right answers fewer, or other answers without labels.</param>
sealed record QuantisedExit(string Name, double FloatAccuracy, double Accuracy, double Agreement, double Lost);

/// <summary>A layer that stays float32.</summary>
/// <param name="Name">Of the node.</param>
/// <param name="Why">For people.</param>
sealed record FloatLayer(string Name, string Why);
