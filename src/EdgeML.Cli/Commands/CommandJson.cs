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

/// <summary>The output of <c>curve --exit-rules --json</c>; shares of right answers, and multiply-accumulates.</summary>
sealed record ExitRulesJson(
    string Model, string Data, int Samples, bool Labelled, double Accuracy, double Macs, IReadOnlyList<ExitRuleJson> Rules);

/// <summary>One rule: the least work inside each share of lost answers, the most right answers inside each share of the work.</summary>
sealed record ExitRuleJson(string Rule, IReadOnlyList<ExitRulePointJson> Lost, IReadOnlyList<ExitRulePointJson> Work);

/// <summary>The bound, and the threshold that does best inside it.</summary>
sealed record ExitRulePointJson(double Bound, double Threshold, double Accuracy, double MeanMacs);

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
[JsonSerializable(typeof(ExitRulesJson))]
[JsonSerializable(typeof(DoctorJson))]
[JsonSerializable(typeof(BuildJson))]
[JsonSerializable(typeof(CalibrationInfo))]
[JsonSerializable(typeof(PackageSignature))]
[JsonSerializable(typeof(JsonObject))]
sealed partial class CommandJson : JsonSerializerContext;
