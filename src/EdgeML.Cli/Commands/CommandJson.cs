using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using EdgeML.Cli.CommandLine;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Models.Packages;

namespace EdgeML.Cli.Commands;

/// <summary>The output of <c>curve --json</c>, keys in this order.</summary>
sealed record CurveJson(
    string Model, string Data, int Samples, bool Labelled, IReadOnlyList<CurveExitJson> Exits, IReadOnlyList<CurveThresholdJson> Thresholds);

/// <summary>An exit over all samples; <paramref name="Macs"/> counts up to it.</summary>
sealed record CurveExitJson(int Index, string Name, double Accuracy, double MeanEntropy, long Macs);

/// <summary>One threshold for all exits; a share of the tasks per exit.</summary>
sealed record CurveThresholdJson(double Threshold, double Accuracy, double MeanMacs, IReadOnlyList<double> Shares);

/// <summary>The output of <c>doctor --json</c>.</summary>
sealed record DoctorJson(string Version, IReadOnlyList<FindingJson> Findings);

/// <summary>Something looked for, and where.</summary>
sealed record FindingJson(string Group, string Name, bool Present, string Value, IReadOnlyList<string> Looked);

/// <summary>The output of <c>build --json</c>; no folder where nothing is kept.</summary>
sealed record BuildJson(
    string Model, string Backend, int Engines, int Built, double Seconds,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Folder);

/// <summary>JSON of single commands, without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, Converters = [typeof(FiniteNumber)])]
[JsonSerializable(typeof(CurveJson))]
[JsonSerializable(typeof(DoctorJson))]
[JsonSerializable(typeof(BuildJson))]
[JsonSerializable(typeof(CalibrationInfo))]
[JsonSerializable(typeof(PackageSignature))]
[JsonSerializable(typeof(JsonObject))]
sealed partial class CommandJson : JsonSerializerContext;
