using System.Text.Json.Serialization;
using EdgeML.Cli.CommandLine;

namespace EdgeML.Cli.Calibrating;

/// <summary>The output of <c>calibrate --json</c> for a new guarantee, keys in this order.</summary>
sealed record GuaranteeJson(
    string Model, string Data, int Samples, bool Labelled, double MaxLossPoints, double ConfidencePercent, IReadOnlyList<float> Limits,
    int TestedSamples, int Lost, int LossesAllowed, int PathSamples, double SavedMacs, double DiffersAtMost, string Digest);

/// <summary>Its output for a check by repeated draws.</summary>
sealed record GuaranteeCheckJson(
    string Model, string Data, int Samples, bool Labelled, double MaxLossPoints, double ConfidencePercent, int Draws, int DrawSize, int Seed,
    double Exceeded, double ExceededInside, double MeanLost, double MeanSavedMacs, double HindsightSavedMacs, double ShareOfHindsight,
    IReadOnlyList<float> HindsightThresholds);

/// <summary>JSON of guarantees, without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, Converters = [typeof(FiniteNumber)])]
[JsonSerializable(typeof(GuaranteeJson))]
[JsonSerializable(typeof(GuaranteeCheckJson))]
sealed partial class CalibrateJsonContract : JsonSerializerContext;
