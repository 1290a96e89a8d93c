using System.Text.Json;
using System.Text.Json.Serialization;
using EdgeML.Cli.CommandLine;
using EdgeML.Native.Control.Loop;
using EdgeML.Native.Models.Manifest;
using EdgeML.Native.Offload;

namespace EdgeML.Cli.Running;

/// <summary>The contract's object of a run, keys in this order.</summary>
sealed record RunJson
{
    public required int Tasks { get; init; }
    public required long? Correct { get; init; }
    public required double? Accuracy { get; init; }
    public required IReadOnlyList<ExitTallyJson> Exits { get; init; }

    /// <summary>Names, shapes, types and places in a row of <c>--logits</c>; no key for a classifier.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public required IReadOnlyList<NamedTensor>? Outputs { get; init; }

    public required long Local { get; init; }
    public required long Offloaded { get; init; }
    public required long Fallbacks { get; init; }
    public required long Standbys { get; init; }
    public required TailJson? Tail { get; init; }

    /// <summary>Each of them; null without one.</summary>
    public required IReadOnlyList<EachTailJson>? Tails { get; init; }

    public required LatencyJson LatencyMs { get; init; }
    public required PartsJson Parts { get; init; }
    public required long BytesSent { get; init; }
    public required EnergyJson Energy { get; init; }
    public required double AllocatedBytesPerTask { get; init; }
    public required double Satisfaction { get; init; }
    public required int Policies { get; init; }
    public required CalibrationInfo? Calibration { get; init; }

    /// <summary>An <see cref="ExpectedJson"/> or null; no key where decisions are not kept.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public required JsonElement? Expected { get; init; }

    public required IReadOnlyList<string> Warnings { get; init; }
    public required GuaranteeJson? Promise { get; init; }
    public required ControlJson Control { get; init; }
    public required IReadOnlyList<string> Faults { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public required IReadOnlyList<DecisionJson>? Decisions { get; init; }

    /// <summary>How many decisions found no place in the log.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public required int? DecisionsLeftOut { get; init; }
}

/// <summary>Tasks that an exit answered; <paramref name="Correct"/> is null without labels.</summary>
sealed record ExitTallyJson(int Index, long Count, long? Correct);

/// <summary>Where the tail was to be, and why it was not used; fallbacks by reason; answers that contradicted
/// themselves, those that came late included.</summary>
sealed record TailJson(string Address, string State, string? Reason, string? Fault, IReadOnlyDictionary<string, long> Fallbacks, long Contradictions);

/// <summary>One tail, and how tasks fared with it.</summary>
sealed record EachTailJson(
    string Address, double Weight, string State, string? Fault, bool Ejected, long Sent, long Answered, long Dropped, long Resent, long Hedges,
    long Ejections, long BytesSent, double RttMs, double RateMbps)
{
    public static EachTailJson Of(TailReport tail) => new(
        tail.Address, tail.Weight, JsonNamingPolicy.CamelCase.ConvertName(tail.Status.State.ToString()), tail.Status.Fault, tail.IsEjected, tail.Sent,
        tail.Answered, tail.Dropped, tail.Resent, tail.Hedges, tail.Ejections, tail.BytesSent, tail.Link.RttMs, tail.Link.RateBitsPerSecond / 1e6);
}

/// <summary>Mean and quantiles of a latency, milliseconds.</summary>
sealed record LatencyJson(double Mean, double P50, double P99, double P999);

/// <summary>The parts of a task's time, milliseconds.</summary>
sealed record PartsJson(double EdgeMs, double WireMs, double TailMs, double QueueMs);

/// <summary>Energy of the device and its source.</summary>
sealed record EnergyJson(double JoulesPerTask, string Source);

/// <summary>The accuracy that decisions expected.</summary>
sealed record ExpectedJson(long Tasks, double Accuracy, double Agreement);

/// <summary>The accuracy guarantee of the package, and the result of its checks.</summary>
sealed record GuaranteeJson(
    double MaxLoss, double Confidence, bool Labelled, IReadOnlyList<float> Limits, int Tightened, long Checked, long Differing,
    double Evidence, string Digest);

/// <summary>The cost of deciding and learning.</summary>
sealed record ControlJson(long Decisions, long LearnSteps, double DecideMicros, double LearnMicros, double ShareOfTaskTime)
{
    public static ControlJson Of(in ControlCounters control) => new(
        control.Decisions, control.LearnSteps, control.DecideMicrosMedian, control.LearnMicros, control.ShareOfTaskTime);
}

/// <summary>JSON of runs and decisions, without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, Converters = [typeof(FiniteNumber)])]
[JsonSerializable(typeof(RunJson))]
[JsonSerializable(typeof(ExpectedJson))]
sealed partial class RunJsonContract : JsonSerializerContext;
