using System.CommandLine;
using EdgeML.Cli.CommandLine;
using EdgeML.Native.Control.Controllers;
using EdgeML.Simulation.Baselines;
using EdgeML.Training.Data;

namespace EdgeML.Cli.Running;

/// <summary>The options of <c>edgeml run</c>, by subject.</summary>
sealed class RunOptions
{
    readonly Option<string> _model = SharedOptions.Model();
    readonly Option<string> _data = SharedOptions.Data();
    readonly Option<int?> _count = SharedOptions.Count("--count", $"Tasks; all of a finite source, else {RunRequest.DefaultCount}.");
    readonly PolicyOptions _policy = new();
    readonly OffloadOptions _offload = new();
    readonly Option<string?> _controller = SharedOptions.OneOf("--controller", "Controller, which chooses policies (fixed).",
        [.. BaselineControllers.Names]);
    readonly BoundsOptions _bounds = new();
    readonly Option<int?> _inFlight = SharedOptions.Count("--in-flight", "Tasks under way at the same time (1).");
    readonly Option<int?> _threads = SharedOptions.Count("--threads", "Threads that compute one task (1).");
    readonly Option<string?> _promise = SharedOptions.OneOf(
        "--promise", "Whether thresholds stay inside the limits of edgeml calibrate (keep).", "keep", "ignore");
    readonly Option<ulong?> _seed = SharedOptions.Seed();
    readonly AnswerOptions _answers = new();
    readonly Option<string?> _json = SharedOptions.Json();
    readonly ExperienceOptions _experience = new();

    public IEnumerable<Option> All =>
    [
        _model, _data, _count, _policy.Thresholds, _policy.Cut, .. _offload.All, _policy.Standby, _controller, .. _bounds.All, _inFlight,
        _threads, _promise, _seed, .. _answers.All, _json, .. _experience.All,
    ];

    /// <exception cref="ArgumentException">The data's description is malformed.</exception>
    public RunRequest Read(ParseResult parsed) => new()
    {
        Model = parsed.GetRequiredValue(_model),
        Data = DataSpec.Parse(parsed.GetRequiredValue(_data)),
        Count = parsed.GetValue(_count),
        Policy = _policy.Read(parsed),
        Offload = _offload.Read(parsed),
        Controller = parsed.GetValue(_controller),
        Bounds = _bounds.Read(parsed),
        InFlight = parsed.GetValue(_inFlight) ?? 1,
        Threads = parsed.GetValue(_threads) ?? 1,
        KeepPromise = parsed.GetValue(_promise) != "ignore",
        Seed = (int)(parsed.GetValue(_seed) ?? 1),
        Answers = _answers.Read(parsed),
        Json = parsed.GetValue(_json),
        Experience = _experience.Read(parsed),
        Verbose = parsed.GetValue(GlobalOptions.Verbose),
    };
}

/// <summary>The options of a run.</summary>
sealed record RunRequest
{
    public const int DefaultCount = 1000;

    /// <summary>Folder of the package.</summary>
    public required string Model { get; init; }

    public required DataSpec Data { get; init; }

    /// <summary>Null for all of a finite source.</summary>
    public required int? Count { get; init; }

    public required PolicyChoice Policy { get; init; }

    public required OffloadChoice Offload { get; init; }

    /// <summary>Null where none was named, which is <c>fixed</c>.</summary>
    public required string? Controller { get; init; }

    public required BoundsChoice Bounds { get; init; }

    public required int InFlight { get; init; }

    public required int Threads { get; init; }

    public required bool KeepPromise { get; init; }

    public required int Seed { get; init; }

    public required AnswerChoice Answers { get; init; }

    /// <summary>Null for none.</summary>
    public required string? Json { get; init; }

    public required ExperienceFiles Experience { get; init; }

    public required bool Verbose { get; init; }

    /// <summary>Whether one policy serves all tasks.</summary>
    public bool IsFixed => Controller is null or PolicyControllers.Fixed;

    /// <summary>Tasks there are of a source.</summary>
    public int CountOf(ImageSource source) => Count ?? (source.Count is { } all ? checked((int)all) : DefaultCount);
}
