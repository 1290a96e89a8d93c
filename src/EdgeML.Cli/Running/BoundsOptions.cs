using System.CommandLine;
using EdgeML.Cli.CommandLine;
using EdgeML.Native.Energy;
using EdgeML.Native.Policies;

namespace EdgeML.Cli.Running;

/// <summary>The options of the bounds, of the energy source, and of the edge's waiting time.</summary>
sealed class BoundsOptions
{
    readonly Option<double?> _latency = SharedOptions.Positive("--latency-ms", "L", "Latency bound of a task.");
    readonly Option<double?> _energy = SharedOptions.Positive("--energy-j", "E", "Energy bound of a task on the edge device.");
    readonly Option<string?> _source = SharedOptions.OneOf(
        "--energy", "Source of energy; the first of these that works unless given.", [.. EnergySensors.Names]);
    readonly Option<double?> _deadline = SharedOptions.Positive("--deadline-ms", "D",
        "When the edge stops waiting for the tail (the latency bound, else 1000).");

    public IEnumerable<Option> All => [_latency, _energy, _source, _deadline];

    public BoundsChoice Read(ParseResult parsed) => new(
        new Requirements(parsed.GetValue(_latency) ?? double.PositiveInfinity, parsed.GetValue(_energy) ?? double.PositiveInfinity),
        parsed.GetValue(_source), parsed.GetValue(_deadline));
}

/// <summary>The bounds of a run.</summary>
/// <param name="Bounds">Infinite where there is none.</param>
/// <param name="EnergySource">Null for the first that answers.</param>
/// <param name="DeadlineMs">Null for the session's own.</param>
sealed record BoundsChoice(Requirements Bounds, string? EnergySource, double? DeadlineMs)
{
    /// <summary>Whether there is any bound.</summary>
    public bool AreGiven => double.IsFinite(Bounds.LatencyMs) || double.IsFinite(Bounds.EnergyJ);
}
