using System.Text.Json;
using System.Text.Json.Serialization;
using EdgeML.Cli.CommandLine;
using EdgeML.Simulation.Sweeps;

namespace EdgeML.Cli.Simulating;

/// <summary>The output of <c>sweep --json</c>, keys in this order.</summary>
sealed record SweepJson(
    int Runs, int Done, int Seeds, double Minutes, IReadOnlyList<SweepVerdictJson> Acceptance, IReadOnlyList<SweepVerdictJson> Directions,
    IReadOnlyList<SweepCellJson> Cells)
{
    public static SweepJson Of(SweepReport report) => new(
        report.Runs, report.Done, report.Seeds, report.Elapsed.TotalMinutes,
        [.. SweepVerdicts.Judge(report.Results).Select(SweepVerdictJson.Of)],
        [.. SweepDirections.Judge(report.Results).Select(SweepVerdictJson.Of)],
        [.. report.Results.Select(SweepCellJson.Of)]);
}

/// <summary>A demand, and in how many of the cells where it was asked it holds.</summary>
sealed record SweepVerdictJson(string Demand, int Held, int Asked, IReadOnlyList<string> Failures)
{
    public static SweepVerdictJson Of(SweepVerdict verdict) => new(verdict.Demand, verdict.Held, verdict.Asked, verdict.Failures);
}

/// <summary>All rows of a cell; <paramref name="Saturated"/> is null where that cannot be judged.</summary>
sealed record SweepCellJson(string Part, string Name, bool? Saturated, IReadOnlyList<SweepRowJson> Rows)
{
    public static SweepCellJson Of(SweepCellResult result) => new(
        JsonNamingPolicy.CamelCase.ConvertName(result.Cell.Part.ToString()), result.Cell.Name,
        result.CanBeJudged ? result.Saturated : null, [.. result.Rows.Select(SweepRowJson.Of)]);
}

/// <summary>A controller in a cell: means over the seeds, and half the widths of their 95 % intervals.</summary>
sealed record SweepRowJson(
    string Controller, double AdaptationTasks, double Goodput, double GoodputCi95, double GoodputFirst100, double GoodputFirst100Ci95,
    double GoodputAfter100, double GoodputAfter100Ci95, double SatisfactionTask, double SatisfactionTaskCi95, double Accuracy,
    double AccuracyCi95, double MeanLatencyMs, double MeanLatencyMsCi95, double Energy, double EnergyCi95, double Reward,
    double RewardCi95, [property: JsonConverter(typeof(ExactNumbers))] IReadOnlyList<double> GoodputBySeed)
{
    public static SweepRowJson Of(SweepRow row)
    {
        (double goodput, double goodputHalf) = row.Of(m => m.Goodput);
        (double first, double firstHalf) = row.Of(m => m.GoodputFirst100);
        (double after, double afterHalf) = row.Of(m => m.GoodputAfter100);
        (double satisfaction, double satisfactionHalf) = row.Of(m => m.SatisfactionTask);
        (double accuracy, double accuracyHalf) = row.Of(m => m.Accuracy);
        (double latency, double latencyHalf) = row.Of(m => m.MeanLatencyMs);
        (double energy, double energyHalf) = row.Of(m => m.Energy);
        (double reward, double rewardHalf) = row.Of(m => m.Reward);
        return new SweepRowJson(
            row.Controller, row.Adaptation, goodput, goodputHalf, first, firstHalf, after, afterHalf, satisfaction, satisfactionHalf,
            accuracy, accuracyHalf, latency, latencyHalf, energy, energyHalf, reward, rewardHalf,
            [.. row.Samples.Select(sample => sample.Metrics.Goodput)]);
    }
}

/// <summary>JSON of a sweep, without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, Converters = [typeof(FiniteNumber)])]
[JsonSerializable(typeof(SweepJson))]
sealed partial class SweepJsonContract : JsonSerializerContext;
