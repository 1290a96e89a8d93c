using System.Text.Json.Serialization;
using EdgeML.Cli.CommandLine;
using EdgeML.Cli.Running;
using EdgeML.Native.Policies;
using EdgeML.Simulation.Scenarios;

namespace EdgeML.Cli.Demo;

/// <summary>The contract's object of a demo, keys in this order.</summary>
sealed record DemoJson
{
    public required double Seconds { get; init; }
    public required int Tasks { get; init; }
    public required ulong Seed { get; init; }
    public required double EdgeSlowdown { get; init; }
    public required BoundsJson Bounds { get; init; }
    public required IReadOnlyList<PhaseJson> Phases { get; init; }
    public required IReadOnlyList<DemoRowJson> Rows { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public required IReadOnlyList<DecisionJson>? Decisions { get; init; }

    /// <summary>How many decisions found no place in the log.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public required int? DecisionsLeftOut { get; init; }

    public required ControlJson Control { get; init; }

    public static DemoJson Of(DemoOutcome outcome)
    {
        DemoScenario scenario = outcome.Report.Scenario;
        return new DemoJson
        {
            Seconds = outcome.Seconds,
            Tasks = scenario.Tasks,
            Seed = scenario.Seed,
            EdgeSlowdown = scenario.EdgeSlowdown,
            Bounds = BoundsJson.Of(scenario.Phases[0].Bounds),
            Phases = [.. scenario.Phases.Select(PhaseJson.Of)],
            Rows = [.. outcome.Report.Rows.Select(row => DemoRowJson.Of(row, scenario, outcome.Report.RowNotes[row.Name]))],
            Decisions = outcome.Report.Decisions is { } log ? DecisionJson.Of(log) : null,
            DecisionsLeftOut = outcome.Report.Decisions?.LeftOut,
            Control = ControlJson.Of(outcome.Control),
        };
    }
}

/// <summary>The user's bounds.</summary>
sealed record BoundsJson(double LatencyMs, double EnergyJ)
{
    public static BoundsJson Of(Requirements bounds) => new(bounds.LatencyMs, bounds.EnergyJ);
}

/// <summary>A part of the demo with its own link, tail load and bounds.</summary>
sealed record PhaseJson(string Name, int FirstTask, int Tasks, double Mbps, double RttMs, double TailFactor, BoundsJson Bounds)
{
    public static PhaseJson Of(ScenarioPhase phase) => new(
        phase.Name, phase.FirstTask, phase.Tasks, phase.Link.RateBitsPerSecond / 1e6, phase.Link.RttMs, phase.TailFactor,
        BoundsJson.Of(phase.Bounds));
}

/// <summary>The result of one controller.</summary>
sealed record DemoRowJson(
    string Name, double Satisfaction, double Accuracy, double Goodput, LatencyJson LatencyMs, double EnergyJ, double BytesPerTask,
    IReadOnlyList<int> TasksUntilMet, IReadOnlyList<double> SatisfactionByPhase, string Note)
{
    public static DemoRowJson Of(ScenarioRow row, DemoScenario scenario, string note) => new(
        row.Name, row.Satisfaction, row.Accuracy, row.Goodput,
        new LatencyJson(row.LatencyMs.Mean, row.LatencyMs.P50, row.LatencyMs.P99, row.LatencyMs.P999), row.EnergyJ, row.BytesPerTask,
        [.. scenario.BoundsChanges.Select(row.TasksUntilMet)],
        [.. scenario.Phases.Select(phase =>
            Math.Round(Enumerable.Range(phase.FirstTask, phase.Tasks).Count(row.Satisfied) / (double)phase.Tasks, 4))],
        note);
}

/// <summary>JSON of a demo, without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, Converters = [typeof(FiniteNumber)])]
[JsonSerializable(typeof(DemoJson))]
sealed partial class DemoJsonContract : JsonSerializerContext;
