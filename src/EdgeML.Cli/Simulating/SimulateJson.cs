using System.Text.Json;
using System.Text.Json.Serialization;
using EdgeML.Cli.CommandLine;
using EdgeML.Cli.Running;
using EdgeML.Native.Control.Planning;
using EdgeML.Simulation.Decisions;
using EdgeML.Simulation.Replay;

namespace EdgeML.Cli.Simulating;

/// <summary>The contract's object of a simulation, keys in this order.</summary>
sealed record SimulateJson(
    string Controller, string Link, int Tasks, ReplayBoundsJson Bounds, IReadOnlyList<ReplaySeedJson> Seeds, ReplayPoolJson Pooled)
{
    public static SimulateJson Of(ReplayPool pool)
    {
        ReplayResult first = pool.Results[0];
        ReplayScenario scenario = first.Scenario;
        int mostDecisions = DecisionLog.MostDecisions / pool.Results.Count;
        return new SimulateJson(
            first.Controller, scenario.Link.Spec, scenario.Tasks, ReplayBoundsJson.Of(scenario),
            [.. pool.Results.Select(result => ReplaySeedJson.Of(result, mostDecisions))], ReplayPoolJson.Of(pool));
    }
}

/// <summary>The bounds, and the unit that all energies are in.</summary>
sealed record ReplayBoundsJson(double LatencyMs, double Energy, string EnergyUnit)
{
    public static ReplayBoundsJson Of(ReplayScenario scenario) => new(
        scenario.Bounds.LatencyMs, scenario.Bounds.EnergyJ, scenario.Power is FrequencyProxy ? "GHz" : "J");
}

/// <summary>Something for each of <see cref="ReplayMetrics"/>.</summary>
/// <typeparam name="T">The number itself, or an interval it is in.</typeparam>
record ReplayMetricsJson<T>
{
    /// <param name="of">Called with each number.</param>
    // Not public: the generator would take the parameter for something to read.
    internal ReplayMetricsJson(Func<Func<ReplayMetrics, double>, T> of)
    {
        SatisfactionTask = of(m => m.SatisfactionTask);
        SatisfactionInterval = of(m => m.SatisfactionInterval);
        SatisfactionOwn = of(m => m.SatisfactionOwn);
        Accuracy = of(m => m.Accuracy);
        Goodput = of(m => m.Goodput);
        GoodputFirst100 = of(m => m.GoodputFirst100);
        GoodputAfter100 = of(m => m.GoodputAfter100);
        MeanLatencyMs = of(m => m.MeanLatencyMs);
        P99LatencyMs = of(m => m.P99LatencyMs);
        Energy = of(m => m.Energy);
        Reward = of(m => m.Reward);
        MeanExit = of(m => m.MeanExit);
        MeanCut = of(m => m.MeanCut);
        MeanInterval = of(m => m.MeanInterval);
        DecisionMicros = of(m => m.DecisionMicros);
        LossRatio = of(m => m.LossRatio);
        AdaptationTasks = of(m => m.AdaptationTasks);
    }

    public T SatisfactionTask { get; }
    public T SatisfactionInterval { get; }
    public T SatisfactionOwn { get; }
    public T Accuracy { get; }
    public T Goodput { get; }
    public T GoodputFirst100 { get; }
    public T GoodputAfter100 { get; }
    public T MeanLatencyMs { get; }
    public T P99LatencyMs { get; }
    public T Energy { get; }
    public T Reward { get; }
    public T MeanExit { get; }
    public T MeanCut { get; }
    public T MeanInterval { get; }
    public T DecisionMicros { get; }
    public T LossRatio { get; }
    public T AdaptationTasks { get; init; }
}

/// <summary>One seed: its numbers, and its decisions.</summary>
sealed record ReplaySeedJson : ReplayMetricsJson<double>
{
    ReplaySeedJson(ReplayMetrics metrics)
        : base(number => number(metrics))
    {
    }

    [JsonPropertyOrder(-1)]
    public required int Seed { get; init; }

    /// <summary>Share of the decisions that saw no policy inside the bounds.</summary>
    [JsonPropertyOrder(1)]
    public required double CannotBeMet { get; init; }

    /// <summary>How many decisions had which <see cref="DecisionReason"/>, in its order.</summary>
    [JsonPropertyOrder(1)]
    public required IReadOnlyDictionary<string, int> Reasons { get; init; }

    [JsonPropertyOrder(1)]
    public required IReadOnlyList<DecisionJson> Decisions { get; init; }

    /// <summary>How many decisions found no place in the log.</summary>
    [JsonPropertyOrder(1)]
    public required int DecisionsLeftOut { get; init; }

    public static ReplaySeedJson Of(ReplayResult result, int mostDecisions)
    {
        var log = DecisionLog.Of(result.Run, result.Scenario.Bounds, mostDecisions);
        return new ReplaySeedJson(result.Metrics)
        {
            Seed = result.Seed,
            CannotBeMet = result.CannotBeMet,
            Reasons = result.Run.Decisions.GroupBy(decision => decision.Explanation.Reason).OrderBy(group => group.Key)
                .ToDictionary(group => JsonNamingPolicy.CamelCase.ConvertName(group.Key.ToString()), group => group.Count()),
            Decisions = DecisionJson.Of(log),
            DecisionsLeftOut = log.LeftOut,
        };
    }
}

/// <summary>Means over the seeds, and their 95 % intervals.</summary>
sealed record ReplayPoolJson : ReplayMetricsJson<double>
{
    ReplayPoolJson(ReplayPool pool)
        : base(number => pool.Of(number).Mean)
    {
    }

    /// <summary>Least and most; null for one seed.</summary>
    [JsonPropertyOrder(1)]
    public required ReplayMetricsJson<IReadOnlyList<double>?> Ci95 { get; init; }

    public static ReplayPoolJson Of(ReplayPool pool) => new(pool)
    {
        AdaptationTasks = pool.AdaptationTasks,
        Ci95 = new ReplayMetricsJson<IReadOnlyList<double>?>(number =>
        {
            (double mean, double half) = pool.Of(number);
            return double.IsFinite(half) ? [mean - half, mean + half] : null;
        }),
    };
}

/// <summary>JSON of a simulation, without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, Converters = [typeof(FiniteNumber)])]
[JsonSerializable(typeof(SimulateJson))]
sealed partial class SimulateJsonContract : JsonSerializerContext;
