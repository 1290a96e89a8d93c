using System.Text.Json.Serialization;
using EdgeML.Training.Evaluation;

namespace EdgeML.Training.Branching;

/// <summary>A report as JSON, keys in this order.</summary>
sealed record BranchReportJson(
    string Model, string Name, bool Labelled, int Samples, int HeldOut, string JudgedOn, int JudgedSamples,
    IReadOnlyList<BranchExitJson> Exits, IReadOnlyList<BranchCurveJson> Curve, StageTime Features, StageTime Training,
    IReadOnlyList<string> Notes)
{
    internal static BranchReportJson Of(BranchReport report) => new(
        report.Manifest.Hash, report.Manifest.Name, report.Labelled, report.Samples, report.HeldOut, report.Judged.Source,
        report.Judged.Samples, [.. report.Curve.MacsTo().Select((macs, e) => BranchExitJson.Of(report, e, macs))],
        [.. report.Curve.Sweep(ExitCurve.DefaultThresholds).Select(row => BranchCurveJson.Of(row, report.Labelled))],
        Rounded(report.Features), Rounded(report.Training), report.Notes);

    static StageTime Rounded(StageTime time) => new(Math.Round(time.Seconds, 2), Math.Round(time.CpuSeconds, 2));
}

/// <summary>An exit; only trained exits have the values of a head.</summary>
sealed record BranchExitJson
{
    public required int Index { get; init; }

    public required string Name { get; init; }

    public required int AfterUnit { get; init; }

    public required long MacsUpToIt { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Accuracy { get; init; }

    public required double Agreement { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<int>? Sizes { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? PooledTo { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? HeadMacs { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Epochs { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? KeptEpoch { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Temperature { get; init; }

    internal static BranchExitJson Of(BranchReport report, int exit, long macs)
    {
        TrainedHead? head = exit < report.Heads.Count ? report.Heads[exit] : null;
        return new BranchExitJson
        {
            Index = exit + 1,
            Name = report.Manifest.Exits[exit].Name,
            AfterUnit = report.Manifest.Exits[exit].AfterUnit,
            MacsUpToIt = macs,
            Accuracy = report.Accuracies is { } accuracies ? Math.Round(accuracies[exit], 6) : null,
            Agreement = Math.Round(report.Agreements[exit], 6),
            Sizes = head?.Plan.Sizes,
            PooledTo = head?.PooledTo,
            HeadMacs = head?.Plan.Macs,
            Epochs = head?.Epochs,
            KeptEpoch = head?.KeptEpoch,
            Temperature = head is null ? null : Math.Round(head.Temperature, 4),
        };
    }
}

/// <summary>One threshold for all exits: accuracy with labels, else agreement with the final exit.</summary>
sealed record BranchCurveJson(
    double Threshold, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? Accuracy,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? Agreement, double MeanMacs)
{
    internal static BranchCurveJson Of(ExitCurveRow row, bool labelled)
    {
        double share = Math.Round(row.Accuracy, 6);
        return new BranchCurveJson(row.Threshold, labelled ? share : null, labelled ? null : share, Math.Round(row.MeanMacs));
    }
}

/// <summary>JSON of a report, without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(BranchReportJson))]
sealed partial class BranchJsonContract : JsonSerializerContext;
