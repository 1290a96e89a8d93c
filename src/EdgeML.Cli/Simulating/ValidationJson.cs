using System.Text.Json.Serialization;
using EdgeML.Cli.CommandLine;
using EdgeML.Simulation.Validation;

namespace EdgeML.Cli.Simulating;

/// <summary>The JSON of <c>edgeml validate-simulator</c>, keys in this order.</summary>
sealed record ValidationJson(
    string Shaper, double PayloadMbps, double RttMs, double MeasuredMbps, double MeasuredRttMs, double EdgeSlowdown, int Tasks,
    double Tolerance, int Held, IReadOnlyList<ValidatedPolicyJson> Policies)
{
    public static ValidationJson Of(ValidationReport report, int localCut, string shaper) => new(
        shaper, report.Settings.PayloadMbps, report.Settings.RttMs, report.Link.RateBitsPerSecond / 1e6, report.Link.RttMs,
        report.Settings.EdgeSlowdown, report.Settings.Tasks, ValidationRow.Tolerance, report.Held,
        [.. report.Rows.Select(row => ValidatedPolicyJson.Of(row, localCut))]);
}

/// <summary>A policy as it ran and as it was simulated.</summary>
sealed record ValidatedPolicyJson(
    string Name, int Cut, IReadOnlyList<double> Thresholds, int Offloaded, TaskTimesJson LiveMs, TaskTimesJson SimulatedMs, double Ratio,
    bool Holds)
{
    public static ValidatedPolicyJson Of(ValidationRow row, int localCut) => new(
        row.Policy.Name(localCut), row.Policy.Policy.Cut, [.. row.Policy.Policy.Thresholds.ToArray().Select(each => Math.Round(each, 4))],
        row.Offloaded, TaskTimesJson.Of(row.Live), TaskTimesJson.Of(row.Simulated), row.Ratio, row.Holds);
}

/// <summary>Quantiles of the latency and means of its parts, milliseconds.</summary>
sealed record TaskTimesJson(double P50, double P90, double Edge, double Wire, double Tail)
{
    public static TaskTimesJson Of(IReadOnlyList<ValidationTask> tasks) => new(
        ValidationRow.Quantile(tasks, 0.5), ValidationRow.Quantile(tasks, 0.9), ValidationRow.PartMs(tasks, task => task.EdgeMs),
        ValidationRow.PartMs(tasks, task => task.WireMs), ValidationRow.PartMs(tasks, task => task.TailMs));
}

/// <summary>JSON of a validation, without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, Converters = [typeof(FiniteNumber)])]
[JsonSerializable(typeof(ValidationJson))]
sealed partial class ValidationJsonContract : JsonSerializerContext;
