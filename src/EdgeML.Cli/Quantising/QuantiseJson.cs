using System.Text.Json.Serialization;
using EdgeML.Cli.CommandLine;
using EdgeML.Training.Quantisation;

namespace EdgeML.Cli.Quantising;

/// <summary>The output of <c>quantize --json</c>, keys in this order.</summary>
sealed record QuantiseJson(
    string Model, string From, string Data, bool Labelled, int RangingSamples, int JudgingSamples, IReadOnlyList<QuantisedExitJson> Exits,
    double PointsLost, double FloatMs, double Int8Ms, double Speedup, string Instructions, long FloatBytes, long Int8Bytes, int Layers,
    double IntegerShare, IReadOnlyList<FloatLayerJson> FloatLayers, IReadOnlyList<string> Notes)
{
    internal static QuantiseJson Of(QuantiseReport report) => new(
        report.Manifest.Hash, report.Float.Hash, report.Judges, report.Labelled, report.Ranging, report.Judging,
        [.. report.Exits.Select(e => new QuantisedExitJson(e.Name, e.FloatAccuracy, e.Accuracy, e.Agreement, 100 * e.Lost))],
        100 * report.Exits.Max(e => e.Lost), report.Times.FirstMs, report.Times.SecondMs, report.Times.Ratio, IntegerInstructions.Name,
        report.FloatBytes, report.Bytes, report.Layers, report.IntegerShare,
        [.. report.FloatLayers.Select(each => new FloatLayerJson(each.Name, each.Why))], report.Notes);
}

/// <summary>An exit before and after; shares of the samples, and points.</summary>
sealed record QuantisedExitJson(string Name, double FloatAccuracy, double Int8Accuracy, double Agreement, double PointsLost);

/// <summary>A layer that stays float32.</summary>
sealed record FloatLayerJson(string Name, string Why);

/// <summary>JSON of quantisation, without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, Converters = [typeof(FiniteNumber)])]
[JsonSerializable(typeof(QuantiseJson))]
sealed partial class QuantiseJsonContract : JsonSerializerContext;
